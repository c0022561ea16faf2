package org.mmport.mm;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.mmport.machine.Folios;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.HugeEntry;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.PteFormat;

/**
 * Accesses that meet a {@linkplain NumaHints hint}: {@code do_numa_page()} and {@code
 * do_huge_pmd_numa_page()}. The mapping permits what the entry was kept from, so it is given back;
 * a page that is one process's own goes to the node of the CPU that used it.
 *
 * <p>Linux moves pages of files, shared ones and large folios too, and no page before it was used
 * from there twice in a row ({@code should_numa_migrate_memory()}).
 */
final class NumaFault {
  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final AnonPages anon;
  private final PteFormat format;

  NumaFault(AddressSpace mm, AnonPages anon) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.anon = anon;
    this.format = system.variant().format();
  }

  /**
   * What an access comes to that its mapping permits, if it met a hint.
   *
   * @param node that of the CPU, or {@link NumaBalancing#NO_NODE}
   */
  Optional<FaultStatus> handle(Vma vma, long va, int node) {
    TableUsers users = TableUsers.of(mm, va);
    try (PageGather gather = users.gather()) {
      try {
        Optional<HugeEntry> leaf =
            mm.hugeLeaves().at(va, gather.gather()).filter(at -> isHint(at.get(), at.level()));
        return leaf.isPresent()
            ? leaf.map(at -> restore(vma, at, node))
            : users
                .table(gather)
                .filter(table -> isHint(table.get(table.index(va)), Level.PTE))
                .map(table -> restore(vma, table, users, va, node, gather));
      } finally {
        gather.flush();
      }
    }
  }

  private boolean isHint(long raw, Level level) {
    return format.present(raw, level) && format.protnone(raw, level);
  }

  /** Gives a leaf back, young. */
  FaultStatus restore(Vma vma, HugeEntry leaf, int node) {
    long head = mm.hugeLeaves().head(leaf);
    count(head, node);
    leaf.restore(format.pgprot(vma.protection()));
    if (mayWrite(vma, head, leaf.get(), leaf.level())) {
      leaf.setAccessFlags(format.mkWrite(leaf.get(), leaf.level()));
    }
    return FaultStatus.TOUCHED;
  }

  /** Gives an entry back, young, and with it those of the same folio. */
  FaultStatus restore(
      Vma vma, PteTable table, TableUsers users, long va, int node, PageGather gather) {
    int index = table.index(va);
    long pfn = system.pfn(table.get(index));
    count(pfn, node);
    if (!users.areSeveral() && isToMove(vma, pfn, node) && move(vma, table, va, node, gather)) {
      return FaultStatus.TOUCHED;
    }
    int first = index;
    int last = index;
    if (folios.isLarge(pfn)) {
      Vma part =
          vma.clip(table.firstVa(), table.firstVa() + (table.entries() * mm.pageBytes() - 1));
      long before = pfn - folios.headOf(pfn);
      first = (int) Math.max(table.index(part.firstVa()), index - before);
      last = Math.min(table.index(part.lastVa()), index + folios.framesFrom(pfn) - 1);
    }
    for (int i = first; i <= last; ) {
      i += restore(vma, table, users, i, last - i + 1, pfn + i - index);
    }
    return FaultStatus.TOUCHED;
  }

  /**
   * {@code numa_rebuild_single_mapping()}, for all that is cached together, which stays so. Returns
   * how many entries it is done with.
   */
  private int restore(Vma vma, PteTable table, TableUsers users, int index, int most, long pfn) {
    long raw = table.get(index);
    if (!isHint(raw, Level.PTE) || system.pfn(raw) != pfn) {
      return 1;
    }
    int pages = Math.min(most, table.hint(index));
    long young = young(vma, table.clear(index, pages));
    // Nobody writes a private page through a table that others use too.
    boolean writable = (vma.shared() || !users.areSeveral()) && mayWrite(vma, pfn, pages, young);
    table.set(index, pages, writable ? format.mkWrite(young, Level.PTE) : young);
    return pages;
  }

  /** With the mapping's rights, but that to write. */
  private long young(Vma vma, long old) {
    long permitted = format.modify(old, format.pgprot(vma.protection()), Level.PTE);
    return format.mkYoung(format.wrProtect(permitted, Level.PTE), Level.PTE);
  }

  private boolean mayWrite(Vma vma, long firstPfn, int pages, long raw) {
    for (long pfn = firstPfn; pfn < firstPfn + pages; pfn++) {
      if (!mayWrite(vma, pfn, raw, Level.PTE)) {
        return false;
      }
    }
    return true;
  }

  /** {@code can_change_pte_writable()}: it saves the fault of the first write. */
  private boolean mayWrite(Vma vma, long pfn, long raw, Level level) {
    boolean watched = system.variant().has(MmuFeature.UFFD_WP) && format.uffdWp(raw, level);
    return vma.rights().write()
        && !watched
        && (vma.shared() ? format.dirty(raw, level) : anon.isExclusive(pfn));
  }

  private void count(long pfn, int node) {
    if (node != NumaBalancing.NO_NODE) {
      system.numa().hintFault(node, folios.node(pfn));
    }
  }

  /** A page that nothing but this entry holds. */
  private boolean isToMove(Vma vma, long pfn, int node) {
    return node != NumaBalancing.NO_NODE
        && node != folios.node(pfn)
        && !vma.shared()
        && anon.isExclusive(pfn)
        && !folios.isLarge(pfn)
        && folios.refCount(pfn) == 1;
  }

  /** {@code migrate_misplaced_folio()}. False, and nothing changed, where the node has no page. */
  private boolean move(Vma vma, PteTable table, long va, int node, PageGather gather) {
    long fresh;
    try {
      fresh = anon.allocUnfilledOnNode(mm, vma, va, node);
    } catch (OutOfFramesException e) {
      return false;
    }
    int index = table.index(va);
    long old = clear(table, index, fresh);
    long pfn = system.pfn(old);
    MemorySegment.copy(system.page(pfn), 0, system.page(fresh), 0, mm.pageBytes());
    folios.set(fresh, PageFlag.ANON_EXCLUSIVE);
    for (PageFlag flag : new PageFlag[] {PageFlag.DIRTY, PageFlag.LAZYFREE}) {
      if (folios.is(pfn, flag)) {
        folios.set(fresh, flag);
      }
    }
    folios.addMapCount(fresh, 1);
    system.mlocked.mapped(vma, fresh);
    long moved = format.withPhysAddr(young(vma, old), folios.physAddr(fresh), Level.PTE);
    boolean writable = mayWrite(vma, fresh, moved, Level.PTE);
    table.set(index, 1, writable ? format.mkWrite(moved, Level.PTE) : moved);
    system.mlocked.unmapped(vma, pfn);
    system.rmap().remove(pfn, 1);
    gather.releaseLater(pfn, 1);
    system.numa().migrated();
    return true;
  }

  /** Nobody may go on using the old page while it is copied. */
  private long clear(PteTable table, int index, long fresh) {
    boolean gone = false;
    try {
      long old = table.clearNow(index);
      gone = true;
      return old;
    } finally {
      if (!gone) {
        folios.unref(fresh, 1);
      }
    }
  }
}
