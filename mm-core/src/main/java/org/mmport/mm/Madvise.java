package org.mmport.mm;

import java.util.EnumSet;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.PteBatch;
import org.mmport.pgtable.PteBatch.Ignored;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** What a process says that it needs no more: mm/madvise.c. */
final class Madvise {
  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final PteFormat format;
  private final SplitFolios splitFolios;
  private final PteBatch batch;

  Madvise(AddressSpace mm) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.format = system.variant().format();
    this.splitFolios = new SplitFolios(system);
    this.batch = new PteBatch(system.variant(), EnumSet.allOf(Ignored.class));
  }

  /** {@code madvise_dontneed_single_vma()}. */
  void dontNeed(long va, long sizeBytes) {
    mm.ranges().requireRange("madvise", va, sizeBytes);
    mm.mappings().replace(va, va + sizeBytes - 1, Madvise::requireUnlocked);
    mm.sharedRanges().ownEdges(va, sizeBytes);
    try (PageGather gather = mm.gather()) {
      new Zap(mm, gather).range(va, sizeBytes);
      gather.flush();
    }
  }

  /** {@code madvise_free_single_vma()}; here every mapping of the range is asked before any. */
  void lazyFree(long va, long sizeBytes) {
    mm.ranges().requireRange("madvise", va, sizeBytes);
    mm.mappings().replace(va, va + sizeBytes - 1, vma -> requireAnon(requireUnlocked(vma)));
    mm.sharedRanges().own(va, sizeBytes);
    mm.hugeLeaves().split(va, sizeBytes);
    try (PageGather gather = mm.gather()) {
      mm.pageTable()
          .pteTables(
              va,
              sizeBytes,
              gather.gather(),
              (table, first, count, at) -> {
                for (int i = first; i < first + count; ) {
                  i += lazyFree(table, i, first + count - i);
                }
              });
      // Whoever writes from now on must mark the entry for it, or the write would be lost.
      gather.flush();
    }
  }

  /** {@code madvise_free_pte_range()}. Returns how many entries it is done with, 0 or more. */
  private int lazyFree(PteTable table, int index, int most) {
    long raw = table.get(index);
    if (format.none(raw, Level.PTE)) {
      return 1;
    }
    if (system.swapEntries().isSwap(raw)) {
      // Cheaper than to bring back what nobody needs.
      table.clear(index, 1);
      mm.count(table, 0, 0, -1);
      system.swapCache().freeEntry(system.swapEntries().slot(raw));
      return 1;
    }
    long pfn = system.pfn(raw);
    if (pfn == system.zeroPfn()) {
      return 1;
    }
    int pages = 1;
    if (folios.isLarge(pfn)) {
      int left = folios.framesFrom(pfn);
      pages = batch.length(table, index, raw, Math.min(most, left));
      if (pages < 1 << folios.order(pfn)) {
        return split(pfn) ? 0 : pages;
      }
    }
    if (isOursAlone(pfn, pages)) {
      table.mkOldClean(index, pages);
      folios.set(pfn, PageFlag.LAZYFREE);
      system.lru().addFirst(pfn);
    }
    return pages;
  }

  /**
   * Makes pages of a folio of which only a part may go, unless others have that too, or it is
   * pinned.
   */
  private boolean split(long pfn) {
    long head = folios.headOf(pfn);
    if (folios.mapCount(pfn) != 1) {
      return false;
    }
    folios.ref(head, 1);
    if (folios.isSplittable(head)) {
      splitFolios.split(head, system.lru()::add);
      return true;
    }
    folios.unref(head, 1);
    return false;
  }

  /**
   * Whether a folio that so many entries map whole is mapped by no others, and what it holds is in
   * no slot that others may read. Nobody needs that any more then.
   */
  private boolean isOursAlone(long pfn, int pages) {
    if (folios.totalMapCount(pfn) != pages) {
      return false;
    }
    boolean cached = folios.is(pfn, PageFlag.SWAPCACHE);
    if (cached && !system.swapCache().dropIfNoEntry(pfn)) {
      return false;
    }
    folios.clear(pfn, PageFlag.DIRTY);
    return true;
  }

  private static Vma requireUnlocked(Vma vma) {
    if (vma.locked()) {
      throw new InvalidRequestException(
          "madvise 0x%x..0x%x: is locked in memory; munlock it first"
              .formatted(vma.firstVa(), vma.lastVa()));
    }
    return vma;
  }

  private static Vma requireAnon(Vma vma) {
    if (!(vma.backing() instanceof Backing.Anonymous)) {
      throw new InvalidRequestException(
          "madvise 0x%x..0x%x: shows a file or shared memory; only private memory is freed lazily"
              .formatted(vma.firstVa(), vma.lastVa()));
    }
    return vma;
  }
}
