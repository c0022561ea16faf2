package org.mmport.mm;

import java.util.EnumSet;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.machine.SinglePages;
import org.mmport.pgtable.PteBatch;
import org.mmport.pgtable.PteBatch.Ignored;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Empties entries and gives up what they hold, pages of one folio together: Linux's {@code
 * zap_pte_range()} and {@code zap_present_folio_ptes()}. Shared tables that serve nothing else are
 * left as they are.
 */
final class Zap {
  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final PteFormat format;
  private final SwapEntries swapEntries;
  private final PageGather gather;
  private final PteBatch batch;
  private final SinglePages pages;

  /** One entry: that behind those that were emptied together. */
  private final long[] behind = new long[1];

  /** What was emptied of the table at work, and is not counted yet. */
  private int anonPages;

  private int filePages;
  private int swapped;

  Zap(AddressSpace mm, PageGather gather) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.format = system.variant().format();
    this.swapEntries = system.swapEntries();
    this.gather = gather;
    this.pages = mm.mmapLock().singlePages();
    this.batch = new PteBatch(system.variant(), EnumSet.allOf(Ignored.class));
  }

  /** Whatever a range has; tables stay. The pages are free after the gather's flush. */
  void range(long va, long sizeBytes) {
    mm.sharedRanges().drop(va, sizeBytes, gather);
    mm.hugeLeaves().zap(va, sizeBytes, gather);
    mm.pageTable()
        .pteTables(
            va,
            sizeBytes,
            gather.gather(),
            (table, first, count, at) -> {
              try {
                for (int i = first; i < first + count; ) {
                  i += zapSingles(table, i, first + count - i);
                  if (i < first + count) {
                    i += zap(table, i, behind[0], first + count - i);
                  }
                }
              } finally {
                countEmptied(table);
              }
            });
  }

  /** What a table no longer maps, counted once for all its entries. */
  private void countEmptied(PteTable table) {
    mm.count(table, -anonPages, -filePages, -swapped);
    anonPages = 0;
    filePages = 0;
    swapped = 0;
  }

  /** What entries have up to the first that is of anything but a single page. Returns how many. */
  private int zapSingles(PteTable table, int index, int most) {
    int before = table.liveEntries();
    int done = table.unmapSingles(index, most, pages, gather.releaseLater(pages), behind);
    anonPages += before - table.liveEntries();
    return done;
  }

  /**
   * What an entry has, and those behind it that map more of the same folio. Returns how many.
   *
   * @param raw the entry, as it was read
   */
  private int zap(PteTable table, int index, long raw, int most) {
    if (format.none(raw, Level.PTE)) {
      return 1;
    }
    if (swapEntries.isSwap(raw)) {
      table.clear(index, 1);
      swapped++;
      system.swapCache().freeEntry(swapEntries.slot(raw));
      return 1;
    }
    long pfn = system.pfn(raw);
    if (pfn == system.zeroPfn()) {
      table.clear(index, 1);
      return 1;
    }
    int count =
        folios.isLarge(pfn)
            ? batch.length(table, index, raw, Math.min(most, folios.framesFrom(pfn)))
            : 1;
    // Young and dirty of all: hardware may have marked any until it was emptied.
    long old = table.clear(index, count);
    boolean anon = folios.is(pfn, PageFlag.ANON);
    if (format.dirty(old, Level.PTE)) {
      folios.set(pfn, PageFlag.DIRTY);
    }
    if (anon) {
      anonPages += count;
    } else {
      filePages += count;
      keepAccessed(system, pfn, old, Level.PTE);
    }
    system.rmap().remove(pfn, count);
    gather.releaseLater(pfn, count);
    return count;
  }

  /**
   * That a page of a file was used by an entry that is gone, for reclaim, which finds nobody else
   * to say so: {@code folio_mark_accessed()} in {@code zap_present_folio_ptes()} of mm/memory.c.
   *
   * @param old the entry, as hardware left it
   */
  static void keepAccessed(MmSystem system, long pfn, long old, Level level) {
    if (system.variant().format().young(old, level)) {
      system.folios().set(pfn, PageFlag.REFERENCED);
    }
  }
}
