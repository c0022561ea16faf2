package org.mmport.mm;

import org.mmport.machine.Folios;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Finds the entries of the last level that map pages of a file's folio, mapping by mapping and
 * table by table: {@code page_vma_mapped_walk()} of mm/page_vma_mapped.c. Needs no memory: what is
 * done to an entry of a shared table is done for all who use it.
 */
final class FolioEntries {
  private final MmSystem system;
  private final Folios folios;
  private final Rmap rmap;
  private final PteFormat format;

  FolioEntries(MmSystem system, Rmap rmap) {
    this.system = system;
    this.folios = system.folios();
    this.rmap = rmap;
    this.format = system.variant().format();
  }

  /** What is done to them. */
  interface Visitor {
    /**
     * Does it to entries from one on.
     *
     * @param raw the first, which maps the page
     * @param most entries that there are for pages of the folio, whatever they map
     * @return how many are done with, 1 or more
     */
    int visit(TableUsers users, PteTable table, int index, long raw, int most, PageGather gather);
  }

  /** Which mappings are of interest. */
  interface Filter {
    boolean test(Vma vma);
  }

  /**
   * Visits those of so many pages.
   *
   * @param pfn of the first
   */
  void each(long pfn, int pages, Filter filter, Visitor visitor) {
    long first = folios.index(pfn);
    long last = first + pages - 1;
    for (Mapping mapping : rmap.of(folios.mapping(pfn), first, last)) {
      if (filter.test(mapping.vma())) {
        each(mapping, Math.max(first, mapping.firstPage()), last, pfn - first, visitor);
      }
    }
  }

  /**
   * @param pfnOfPage0 that which page 0 of the file would have, if frames went on like that
   */
  private void each(Mapping mapping, long first, long lastOfAll, long pfnOfPage0, Visitor visitor) {
    long last = Math.min(lastOfAll, mapping.lastPage());
    for (long page = first; page <= last; ) {
      long va = mapping.va(page);
      // Those who share the table are done with it at once, their CPUs too.
      TableUsers users = TableUsers.of(mapping.mm(), va);
      try (PageGather gather = users.gather()) {
        int index = system.variant().geometry().index(Level.PTE, va);
        int entries = system.variant().geometry().at(Level.PTE).entries();
        int most = (int) Math.min(last - page + 1, entries - index);
        long pfn = pfnOfPage0 + page;
        users
            .table(gather)
            .ifPresent(table -> inTable(users, table, index, most, pfn, visitor, gather));
        gather.flush();
        page += most;
      }
    }
  }

  private void inTable(
      TableUsers users,
      PteTable table,
      int index,
      int most,
      long pfn,
      Visitor visitor,
      PageGather gather) {
    for (int i = 0; i < most; ) {
      long raw = table.get(index + i);
      i +=
          format.present(raw, Level.PTE) && system.pfn(raw) == pfn + i
              ? visitor.visit(users, table, index + i, raw, most - i, gather)
              : 1;
    }
  }
}
