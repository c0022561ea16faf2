package org.mmport.mm;

import java.util.EnumSet;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.PteBatch;
import org.mmport.pgtable.PteBatch.Ignored;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Drops folios that were {@linkplain AddressSpace#lazyFree freed lazily}, unless they were written
 * since: {@code try_to_unmap_one()} of mm/rmap.c where {@code PG_swapbacked} is clear. Entries of
 * one folio go together, as since Linux 6.16.
 */
final class LazyFreed {
  private final MmSystem system;
  private final Folios folios;
  private final PteFormat format;
  private final PteBatch batch;

  LazyFreed(MmSystem system) {
    this.system = system;
    this.folios = system.folios();
    this.format = system.variant().format();
    // An entry that is put back must be as it was, but for marks of its folio.
    this.batch = new PteBatch(system.variant(), EnumSet.of(Ignored.YOUNG, Ignored.DIRTY));
  }

  /**
   * Unmaps a folio wherever it is clean. Where anybody wrote to it, it is an ordinary one from then
   * on, and so is it where whoever had it pinned may have. While others hold references it stays.
   *
   * @param head its first page, to which the caller has a reference
   */
  void drop(long head) {
    if (folios.is(head, PageFlag.DIRTY)) {
      folios.clear(head, PageFlag.LAZYFREE);
      return;
    }
    if (folios.refCount(head) != 1 + folios.totalMapCount(head)) {
      return;
    }
    long first = folios.index(head);
    long last = first + folios.framesFrom(head) - 1;
    for (Mapping mapping : system.rmap().of(folios.mapping(head), first, last)) {
      if (folios.is(head, PageFlag.LAZYFREE)) {
        drop(mapping, head, Math.max(first, mapping.firstPage()), last);
      }
    }
  }

  private void drop(Mapping mapping, long head, long firstPage, long lastPage) {
    long va = mapping.va(firstPage);
    long pages = Math.min(lastPage, mapping.lastPage()) - firstPage + 1;
    long firstPfn = head + (firstPage - folios.index(head));
    AddressSpace mm = mapping.mm();
    try (PageGather gather = mm.gather()) {
      mm.pageTable()
          .pteTables(
              va,
              pages * mm.pageBytes(),
              gather.gather(),
              (table, index, count, at) -> {
                long pfn = firstPfn + (at - va) / mm.pageBytes();
                for (int i = 0; i < count && folios.is(head, PageFlag.LAZYFREE); ) {
                  i += drop(mm, table, index + i, pfn + i, count - i, gather);
                }
              });
      gather.flush();
    }
  }

  /** Returns how many entries it is done with. */
  private int drop(
      AddressSpace mm, PteTable table, int index, long pfn, int most, PageGather gather) {
    long raw = table.get(index);
    if (!format.present(raw, Level.PTE) || system.pfn(raw) != pfn) {
      return 1;
    }
    int pages = folios.isLarge(pfn) ? batch.length(table, index, raw, most) : 1;
    // From here on nobody can write to them without a fault.
    long old = table.clear(index, pages);
    if (format.dirty(old, Level.PTE)) {
      // Entries that were single may be cached as one from now on, which must not meet as they
      // were.
      gather.gather().flush();
      table.set(index, pages, old);
      folios.set(pfn, PageFlag.DIRTY);
      folios.clear(pfn, PageFlag.LAZYFREE);
      return pages;
    }
    mm.count(table, -pages, 0, 0);
    system.rmap().remove(pfn, pages);
    gather.releaseLater(pfn, pages);
    return pages;
  }
}
