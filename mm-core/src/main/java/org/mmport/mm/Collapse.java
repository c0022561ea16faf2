package org.mmport.mm;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.mmport.cpu.Access;
import org.mmport.machine.Folios;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.HugeEntry;
import org.mmport.pgtable.PteTable;
import org.mmport.pgtable.PteView;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Copies the pages of a range into one new folio, and has a leaf above the last level map that:
 * {@code collapse_huge_page()} of mm/khugepaged.c. All that may be in the way is looked for before
 * anything is changed.
 */
final class Collapse {
  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final PteFormat format;
  private final AnonPages anon;
  private final Vma vma;
  private final long firstVa;
  private final long bytes;

  /**
   * Of an aligned range, whose first address is in a mapping: of private memory, or of a file.
   *
   * @throws OutOfFramesException when there is no memory for copies of tables that others use too
   */
  static CollapseStatus of(AddressSpace mm, Vma vma, long firstVa, CollapseLimits limits) {
    return switch (vma.backing()) {
      case Backing.Anonymous own ->
          new Collapse(mm, vma, firstVa, mm.system().hugePageBytes().orElseThrow()).run(limits);
      case Backing.OfFile backing -> new FileCollapse(mm, vma, backing, firstVa).run(limits);
    };
  }

  private Collapse(AddressSpace mm, Vma vma, long firstVa, long bytes) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.format = system.variant().format();
    this.anon = new AnonPages(system);
    this.vma = vma;
    this.firstVa = firstVa;
    this.bytes = bytes;
  }

  private CollapseStatus run(CollapseLimits limits) {
    Optional<CollapseStatus> inTheWay = ofMapping().or(() -> ofPages(limits));
    if (inTheWay.isPresent()) {
      return inTheWay.get();
    }
    mm.sharedRanges().own(firstVa, bytes);
    long head;
    try {
      head = anon.allocUnfilled(mm, vma, firstVa, system.hugePages().order());
    } catch (OutOfFramesException e) {
      return CollapseStatus.NO_MEMORY;
    }
    if (!swapIn()) {
      folios.unref(head, 1);
      return CollapseStatus.NOT_SWAPPED_IN;
    }
    try (PageGather gather = mm.gather()) {
      HugeEntry entry = mm.pageTable().hugeEntries().find(firstVa, gather.gather()).orElseThrow();
      PteTable table = unhook(entry, head);
      replace(entry, table, emptied(entry, table, head, gather), head, gather);
      gather.flush();
    }
    return CollapseStatus.COLLAPSED;
  }

  /** {@code hugepage_vma_revalidate()}. */
  private Optional<CollapseStatus> ofMapping() {
    if (!vma.contains(firstVa + bytes - 1)) {
      return Optional.of(CollapseStatus.NOT_ONE_MAPPING);
    }
    return system.hugePages().mayHave(vma)
        ? Optional.empty()
        : Optional.of(CollapseStatus.ADVISED_AGAINST);
  }

  /** {@code hpage_collapse_scan_pmd()}. */
  private Optional<CollapseStatus> ofPages(CollapseLimits limits) {
    try (PageGather gather = mm.gather()) {
      if (mm.hugeLeaves().at(firstVa, gather.gather()).isPresent()) {
        return Optional.of(CollapseStatus.MAPPED_ALREADY);
      }
      Optional<PteView> table = mm.pageTable().pteView(firstVa, gather.gather());
      return table.isEmpty() ? Optional.of(CollapseStatus.NO_TABLE) : ofPages(table.get(), limits);
    }
  }

  private Optional<CollapseStatus> ofPages(PteView table, CollapseLimits limits) {
    int none = 0;
    int swapped = 0;
    int shared = 0;
    int young = 0;
    for (int i = 0; i < pages(); i++) {
      long raw = table.get(i);
      if (isNoneOrZero(raw)) {
        none++;
      } else if (!format.present(raw, Level.PTE)) {
        swapped++;
      } else {
        long pfn = system.pfn(raw);
        shared += system.rmap().mappers(pfn) > 1 ? 1 : 0;
        young += format.young(raw, Level.PTE) ? 1 : 0;
        if (isHeld(pfn)) {
          return Optional.of(CollapseStatus.PAGE_HELD);
        }
      }
    }
    if (none > limits.none()) {
      return Optional.of(CollapseStatus.TOO_FEW_PAGES);
    }
    if (swapped > limits.swapped()) {
      return Optional.of(CollapseStatus.TOO_MANY_SWAPPED);
    }
    if (shared > limits.shared()) {
      return Optional.of(CollapseStatus.TOO_MANY_SHARED);
    }
    return young < (swapped > 0 ? limits.youngIfSwapped() : limits.young())
        ? Optional.of(CollapseStatus.TOO_FEW_YOUNG)
        : Optional.empty();
  }

  private boolean isNoneOrZero(long raw) {
    return format.none(raw, Level.PTE)
        || (format.present(raw, Level.PTE) && system.pfn(raw) == system.zeroPfn());
  }

  /** {@code !is_refcount_suitable()}: a device that has the page would not see what is written. */
  private boolean isHeld(long pfn) {
    int cached = folios.is(pfn, PageFlag.SWAPCACHE) ? 1 << folios.order(pfn) : 0;
    return folios.refCount(pfn) != folios.totalMapCount(pfn) + cached;
  }

  private int pages() {
    return 1 << system.hugePages().order();
  }

  /** {@code __collapse_huge_page_swapin()}. */
  private boolean swapIn() {
    for (int i = 0; i < pages(); i++) {
      long va = firstVa + i * mm.pageBytes();
      if (isSwapped(va) && !mm.resolve(vma, va, Access.USER_READ).isResolved()) {
        return false;
      }
    }
    return true;
  }

  private boolean isSwapped(long va) {
    try (PageGather gather = mm.gather()) {
      return mm.pageTable()
          .pteView(va, gather.gather())
          .map(table -> system.swapEntries().isSwap(table.get(table.index(va))))
          .orElse(false);
    }
  }

  private PteTable unhook(HugeEntry entry, long head) {
    boolean gone = false;
    try {
      PteTable table = entry.unhook();
      gone = true;
      return table;
    } finally {
      if (!gone) {
        folios.unref(head, 1);
      }
    }
  }

  /**
   * Empties a table that was unhooked. What CPUs remember of its entries, they may write through
   * until they have forgotten that; where they do not, all is as before.
   */
  private long[] emptied(HugeEntry entry, PteTable table, long head, PageGather gather) {
    long[] leaves = new long[pages()];
    int emptied = 0;
    boolean flushed = false;
    try {
      for (; emptied < leaves.length; emptied++) {
        boolean none = format.none(table.get(emptied), Level.PTE);
        leaves[emptied] = none ? table.get(emptied) : table.clear(emptied, 1);
      }
      gather.gather().flush();
      flushed = true;
    } finally {
      if (!flushed) {
        for (int i = 0; i < emptied; i++) {
          if (!format.none(leaves[i], Level.PTE)) {
            table.set(i, 1, leaves[i]);
          }
        }
        entry.hook(table);
        folios.unref(head, 1);
      }
    }
    return leaves;
  }

  /** Nothing can be in the way any more. */
  private void replace(
      HugeEntry entry, PteTable table, long[] leaves, long head, PageGather gather) {
    for (int i = 0; i < leaves.length; i++) {
      copy(leaves[i], head + i, gather);
    }
    mm.hugeLeaves().collapse(vma, entry, table, head);
  }

  /** {@code __collapse_huge_page_copy()}. */
  private void copy(long raw, long to, PageGather gather) {
    MemorySegment page = system.page(to);
    if (isNoneOrZero(raw)) {
      page.fill((byte) 0);
      mm.count(1, 0, 0);
      return;
    }
    long pfn = system.pfn(raw);
    MemorySegment.copy(system.page(pfn), 0, page, 0, page.byteSize());
    system.mlocked.unmapped(vma, pfn);
    system.rmap().remove(pfn, 1);
    gather.releaseLater(pfn, 1);
  }
}
