package org.mmport.mm;

import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** Empties entries and gives up what they hold: Linux's {@code zap_pte_range()}. */
final class Zap {
  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final PteFormat format;
  private final SwapEntries swapEntries;
  private final PageGather gather;

  Zap(AddressSpace mm, PageGather gather) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.format = system.variant().format();
    this.swapEntries = system.swapEntries();
    this.gather = gather;
  }

  /** Whatever a range has; tables stay. The pages are free after the gather's flush. */
  void range(long va, long sizeBytes) {
    mm.pageTable()
        .pteTables(
            va,
            sizeBytes,
            gather.gather(),
            (table, first, count, at) -> {
              for (int i = first; i < first + count; i++) {
                zap(table, i);
              }
            });
  }

  private void zap(PteTable table, int index) {
    long raw = table.get(index);
    if (format.none(raw, Level.PTE)) {
      return;
    }
    if (swapEntries.isSwap(raw)) {
      table.clear(index, 1);
      mm.count(0, 0, -1);
      system.swapCache().freeEntry(swapEntries.slot(raw));
      return;
    }
    long old = table.clear(index, 1);
    long pfn = system.pfn(old);
    if (pfn == system.zeroPfn()) {
      return;
    }
    boolean anon = folios.is(pfn, PageFlag.ANON);
    if (format.dirty(old, Level.PTE)) {
      folios.set(pfn, PageFlag.DIRTY);
    }
    mm.count(anon ? -1 : 0, anon ? 0 : -1, 0);
    system.rmap().remove(pfn, 1);
    gather.releaseLater(pfn);
  }
}
