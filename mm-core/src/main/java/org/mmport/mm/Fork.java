package org.mmport.mm;

import java.util.List;
import org.mmport.machine.Folios;
import org.mmport.machine.SinglePages;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
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

  /** Whether the parent has locked mappings: the child's are not, so they share no tables. */
  private final boolean anyLocked;

  private final SinglePages singlePages;

  /** One entry: the parent's behind those that were given together. */
  private final long[] behind = new long[1];

  /** What was copied of the table at work, and is not counted yet. */
  private int anonPages;

  private int filePages;
  private int swapped;

  Fork(AddressSpace parent, AddressSpace child, PageGather parents, PageGather childs) {
    this.parent = parent;
    this.child = child;
    this.parents = parents;
    this.childs = childs;
    this.system = parent.system();
    this.anon = new AnonPages(system);
    this.format = system.variant().format();
    this.swapEntries = system.swapEntries();
    this.singlePages = system.singlePages();
    this.anyLocked = parent.mappings().lockedPages() > 0;
  }

  /** Runs a strategy, and has flushed what both sides owe then, whether it succeeds or not. */
  static void run(AddressSpace parent, AddressSpace child, ForkStrategy strategy) {
    try (PageGather parents = parent.gather();
        PageGather childs = child.gather()) {
      try {
        new HugeFork(parent, child, parents, childs).copy();
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

  /** All mappings, ascending. */
  public List<Vma> vmas() {
    return parent.mappings().all();
  }

  /** Those that are to be copied, ascending: pages of shared ones are found by faults. */
  public List<Vma> privateVmas() {
    return parent.mappings().all().stream().filter(vma -> !vma.shared()).toList();
  }

  /**
   * Has the child use the tables of a level, below the root, that serve any of a range, and all
   * below them. Both copy what they need of them when they come to change it.
   *
   * @param sizeBytes of whole tables
   * @return how many there are; 0, and nothing changed, where what any of them maps may not be
   *     shared so: mappings that are locked in memory, pages that are pinned, leaves above the last
   *     level or that note what is true of one process only
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for the tables above;
   *     those that came before are shared until the child ends
   */
  public int shareTables(Level level, long firstVa, long sizeBytes) {
    return mayShare(level, firstVa, sizeBytes)
        ? parentTables()
            .shareTables(childTables(), level, firstVa, sizeBytes, parentGather(), childGather())
        : 0;
  }

  private boolean mayShare(Level level, long firstVa, long bytes) {
    long lastVa = firstVa + bytes - 1;
    return !(anyLocked && parent.mappings().anyIn(firstVa, lastVa, Vma::locked))
        // In the place of a table of the last level a leaf is no table, and so is not shared.
        && !(level != Level.PTE
            && parentTables().hugeEntries().any(firstVa, lastVa, parentGather()))
        && !parent.pins().in(firstVa, bytes);
  }

  /** Gives the child what entries of a range of one mapping are, entry by entry. */
  public void copyEntries(Vma part) {
    long pageBytes = variant().geometry().pageBytes();
    eachTable(
        part,
        (from, to, first, count, va) -> {
          for (int i = 0; i < count; i++) {
            i += shareSingles(from, to, first + i, count - i);
            if (i < count) {
              copyEntry(part, from, to, first + i, va + i * pageBytes, behind());
            }
          }
        });
  }

  /**
   * Gives the child the pages of entries from one on, up to the first entry that is of anything but
   * an anonymous folio of one page that it may have as it is: {@link #behind}.
   *
   * @param most 1 or more
   * @return how many entries come before that
   */
  public int shareSingles(PteTable from, PteTable to, int index, int most) {
    int before = to.liveEntries();
    int done = from.shareSingles(to, index, most, singlePages, behind);
    anonPages += to.liveEntries() - before;
    return done;
  }

  /** The parent's entry behind those that were given last, as it was read. */
  public long behind() {
    return behind[0];
  }

  /** What copies the entries of a mapping that lie in one table. */
  public interface TableCopier {
    /**
     * Copies entries, of which one at least is in use.
     *
     * @param to the child's table, where they are none
     * @param first index of the first, in both tables
     * @param va of the first
     */
    void copy(PteTable from, PteTable to, int first, int count, long va);
  }

  /**
   * Goes through the parent's tables of a mapping, and makes the child's where there is anything to
   * copy.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for a table
   */
  public void eachTable(Vma vma, TableCopier copier) {
    parentTables()
        .pteTables(
            vma.firstVa(),
            vma.lastVa() - vma.firstVa() + 1,
            parentGather(),
            (table, first, count, va) -> {
              if (!isEmpty(table, first, count)) {
                PteTable to = childTables().pteTableAlloc(va, childGather());
                try {
                  copier.copy(table, to, first, count, va);
                } finally {
                  countCopied(to);
                }
              }
            });
  }

  /** What the child came to map by a table, counted once for all its entries. */
  private void countCopied(PteTable to) {
    child.count(to, anonPages, filePages, swapped);
    anonPages = 0;
    filePages = 0;
    swapped = 0;
  }

  private boolean isEmpty(PteTable table, int first, int count) {
    for (int i = first; i < first + count; i++) {
      if (!format.none(table.get(i), Level.PTE)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Gives the child what one entry of the parent's is, into an entry that is none.
   *
   * @param raw the parent's entry, as it was read
   */
  public void copyEntry(Vma vma, PteTable from, PteTable to, int index, long va, long raw) {
    if (format.none(raw, Level.PTE)) {
      return;
    }
    if (swapEntries.isSwap(raw)) {
      anon.dupSwapped(from, to, index, raw);
      swapped++;
      return;
    }
    long pfn = system.pfn(raw);
    if (pfn == system.zeroPfn()) {
      to.set(index, 1, format.mkOld(raw, Level.PTE));
    } else if (!anon.isAnon(pfn)) {
      copyOfFile(to, index, raw, pfn, 1);
    } else if (anon.tryDup(pfn)) {
      share(from, to, index, raw, 1);
    } else {
      copyPage(vma, to, index, va, pfn);
    }
  }

  /** How many pages of its large folio there are from the one that an entry maps on, or 1. */
  public int pagesOfFolio(long raw) {
    return format.present(raw, Level.PTE) ? anon.pagesFrom(system.pfn(raw)) : 1;
  }

  /**
   * Gives the child what consecutive entries of the parent's are, which map pages of one large
   * folio: all, or those before the first that it may not have, or, where that is the first, a copy
   * of it (R4.3, R4.4).
   *
   * @param raw the first of the parent's entries, as it was read
   * @return how many it gave, 1 or more
   */
  public int copyPages(
      Vma vma, PteTable from, PteTable to, int index, long va, long raw, int pages) {
    long pfn = system.pfn(raw);
    if (!anon.isAnon(pfn)) {
      copyOfFile(to, index, raw, pfn, pages);
      return pages;
    }
    int shared = anon.tryDup(pfn, pages);
    if (shared == 0) {
      copyPage(vma, to, index, va, pfn);
      return 1;
    }
    share(from, to, index, raw, shared);
    return shared;
  }

  /** References and map counts are there: neither side may write the pages now. */
  private void share(PteTable from, PteTable to, int index, long raw, int pages) {
    anonPages += pages;
    to.set(index, pages, format.mkOld(from.wrProtect(index, pages, raw), Level.PTE));
  }

  /** {@code copy_present_page()}. */
  private void copyPage(Vma vma, PteTable to, int index, long va, long pfn) {
    long copy = anon.allocCopy(pfn, child, vma, va);
    system.folios().addMapCount(copy, 1);
    anonPages++;
    to.set(index, 1, anon.writableLeaf(child, vma, copy));
  }

  /** Pages of a file in a private mapping are clean there, or they would be anonymous (R4.10). */
  private void copyOfFile(PteTable to, int index, long raw, long pfn, int pages) {
    system.folios().ref(pfn, pages);
    system.folios().mapPages(pfn, pages);
    filePages += pages;
    long clean = format.mkClean(format.wrProtect(raw, Level.PTE), Level.PTE);
    to.set(index, pages, format.mkOld(clean, Level.PTE));
  }
}
