package org.mmport.mm;

import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Copies the page tables of a process at fork, entry by entry: Linux's {@code copy_page_range()}.
 * The measure for whatever copies fewer or later.
 */
final class EagerCopy {
  private final AddressSpace parent;
  private final AddressSpace child;
  private final MmSystem system;
  private final AnonPages anon;
  private final PteFormat format;
  private final SwapEntries swapEntries;

  EagerCopy(AddressSpace parent, AddressSpace child) {
    this.parent = parent;
    this.child = child;
    this.system = parent.system();
    this.anon = new AnonPages(system);
    this.format = system.variant().format();
    this.swapEntries = system.swapEntries();
  }

  /**
   * Copies what faults could not bring back.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for a table or a copy;
   *     the child has what was copied until then
   */
  void copy() {
    try (PageGather parents = parent.gather();
        PageGather childs = child.gather()) {
      try {
        for (Vma vma : parent.mappings().all()) {
          if (!vma.shared()) {
            copy(vma, parents, childs);
          }
        }
      } finally {
        // Once for all: until then the parent's CPUs may write what is no longer theirs alone.
        parents.flush();
        childs.flush();
      }
    }
  }

  private void copy(Vma vma, PageGather parents, PageGather childs) {
    parent
        .pageTable()
        .pteTables(
            vma.firstVa(),
            vma.lastVa() - vma.firstVa() + 1,
            parents.gather(),
            (table, first, count, va) -> {
              if (!isEmpty(table, first, count)) {
                PteTable to = child.pageTable().pteTableAlloc(va, childs.gather());
                for (int i = 0; i < count; i++) {
                  copy(vma, table, to, first + i, va + i * parent.pageBytes());
                }
              }
            });
  }

  private boolean isEmpty(PteTable table, int first, int count) {
    for (int i = first; i < first + count; i++) {
      if (!format.none(table.get(i), Level.PTE)) {
        return false;
      }
    }
    return true;
  }

  private void copy(Vma vma, PteTable from, PteTable to, int index, long va) {
    long raw = from.get(index);
    if (format.none(raw, Level.PTE)) {
      return;
    }
    if (swapEntries.isSwap(raw)) {
      copySwapped(from, to, index, raw);
      return;
    }
    long pfn = system.pfn(raw);
    if (pfn == system.zeroPfn()) {
      to.set(index, 1, format.mkOld(raw, Level.PTE));
    } else if (!anon.isAnon(pfn)) {
      copyOfFile(to, index, raw, pfn);
    } else if (anon.tryDup(pfn)) {
      child.count(1, 0, 0);
      from.wrProtect(index, 1);
      to.set(index, 1, format.mkOld(format.wrProtect(from.get(index), Level.PTE), Level.PTE));
    } else {
      long copy = anon.allocCopy(pfn, child, vma, va);
      system.folios().addMapCount(copy, 1);
      child.count(1, 0, 0);
      to.set(index, 1, anon.writableLeaf(child, vma, copy));
    }
  }

  /** {@code copy_nonpresent_pte()}: from then on nobody has the page in the slot for itself. */
  private void copySwapped(PteTable from, PteTable to, int index, long raw) {
    long shared = format.swapClearExclusive(raw, Level.PTE);
    system.swapCache().requireArea().dup(swapEntries.slot(raw), 1);
    if (shared != raw) {
      from.clear(index, 1);
      from.setNonPresent(index, shared);
    }
    to.setNonPresent(index, shared);
    child.count(0, 0, 1);
  }

  /** A page of a file in a private mapping is clean there, or it would be anonymous. */
  private void copyOfFile(PteTable to, int index, long raw, long pfn) {
    system.folios().ref(pfn, 1);
    system.folios().addMapCount(pfn, 1);
    child.count(0, 1, 0);
    long clean = format.mkClean(format.wrProtect(raw, Level.PTE), Level.PTE);
    to.set(index, 1, format.mkOld(clean, Level.PTE));
  }
}
