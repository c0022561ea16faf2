package org.mmport.mm;

import java.util.List;
import org.mmport.machine.Folios;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;

/**
 * A fork under way: the two sides, and what every way of copying does with a page in the same
 * manner. For as long as {@link ForkStrategy#copy} runs.
 */
public final class Fork {
  private final AddressSpace parent;
  private final AddressSpace child;
  private final PageGather parents;
  private final PageGather childs;
  private final MmSystem system;
  private final AnonPages anon;
  private final PteFormat format;
  private final SwapEntries swapEntries;

  Fork(AddressSpace parent, AddressSpace child, PageGather parents, PageGather childs) {
    this.parent = parent;
    this.child = child;
    this.parents = parents;
    this.childs = childs;
    this.system = parent.system();
    this.anon = new AnonPages(system);
    this.format = system.variant().format();
    this.swapEntries = system.swapEntries();
  }

  /** Runs a strategy, and has flushed what both sides owe then, whether it succeeds or not. */
  static void run(AddressSpace parent, AddressSpace child, ForkStrategy strategy) {
    try (PageGather parents = parent.gather();
        PageGather childs = child.gather()) {
      try {
        strategy.copy(new Fork(parent, child, parents, childs));
      } finally {
        // Once for all: until then the parent's CPUs may write what is no longer theirs alone.
        parents.flush();
        childs.flush();
      }
    }
  }

  public MmuVariant variant() {
    return system.variant();
  }

  public Folios folios() {
    return system.folios();
  }

  public PageTable parentTables() {
    return parent.pageTable();
  }

  public PageTable childTables() {
    return child.pageTable();
  }

  /** Takes on what changes of the parent's tables owe. */
  public MmuGather parentGather() {
    return parents.gather();
  }

  /** The same of the child's. */
  public MmuGather childGather() {
    return childs.gather();
  }

  /** The mappings that are to be copied, ascending: pages of shared ones are found by faults. */
  public List<Vma> vmas() {
    return parent.mappings().all().stream().filter(vma -> !vma.shared()).toList();
  }

  /**
   * Has the child use the table of a level, below the root, that serves an address, and all below
   * it. Both copy what they need of it when they come to change it.
   *
   * @return false, and nothing changed, where there is no such table, or what it maps may not be
   *     shared so: mappings that children do not copy or that are locked in memory, pages that are
   *     pinned, leaves that note what is true of one process only
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for the tables above
   */
  public boolean shareTable(Level level, long va) {
    PagingGeometry geometry = variant().geometry();
    long bytes = geometry.spanBytes(level) * geometry.at(level).entries();
    long firstVa = va & -bytes;
    return mayShare(firstVa, bytes)
        && parentTables().shareTable(childTables(), level, firstVa, parentGather(), childGather());
  }

  private boolean mayShare(long firstVa, long bytes) {
    for (Vma vma : parent.mappings().in(firstVa, firstVa + bytes - 1)) {
      if (vma.shared() || vma.locked()) {
        return false;
      }
    }
    return !parent.pins().in(firstVa, bytes);
  }

  /** Gives the child what entries of a range of one mapping are, entry by entry. */
  public void copyEntries(Vma part) {
    long pageBytes = variant().geometry().pageBytes();
    parentTables()
        .pteTables(
            part.firstVa(),
            part.lastVa() - part.firstVa() + 1,
            parentGather(),
            (table, first, count, va) -> {
              if (!isEmpty(table, first, count)) {
                PteTable to = childTables().pteTableAlloc(va, childGather());
                for (int i = 0; i < count; i++) {
                  copyEntry(part, table, to, first + i, va + i * pageBytes);
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

  /** Gives the child what one entry of the parent's is, into an entry that is none. */
  public void copyEntry(Vma vma, PteTable from, PteTable to, int index, long va) {
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
      child.count(to, 1, 0, 0);
      from.wrProtect(index, 1);
      to.set(index, 1, format.mkOld(format.wrProtect(from.get(index), Level.PTE), Level.PTE));
    } else {
      long copy = anon.allocCopy(pfn, child, vma, va);
      system.folios().addMapCount(copy, 1);
      child.count(to, 1, 0, 0);
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
    child.count(to, 0, 0, 1);
  }

  /** A page of a file in a private mapping is clean there, or it would be anonymous. */
  private void copyOfFile(PteTable to, int index, long raw, long pfn) {
    system.folios().ref(pfn, 1);
    system.folios().addMapCount(pfn, 1);
    child.count(to, 0, 1, 0);
    long clean = format.mkClean(format.wrProtect(raw, Level.PTE), Level.PTE);
    to.set(index, 1, format.mkOld(clean, Level.PTE));
  }
}
