package org.mmport.mm;

import java.util.Arrays;
import java.util.Optional;
import org.mmport.machine.Folios;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.HugeEntries;
import org.mmport.pgtable.HugeEntry;
import org.mmport.pgtable.PteView;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Copies the pages of a range of a file into one new folio, which takes their place in its cache,
 * and has a leaf above the last level map that: {@code collapse_file()} and {@code
 * collapse_pte_mapped_thp()} of mm/khugepaged.c. Whoever else maps those pages finds the folio at
 * his next fault. For those who keep all others out.
 */
final class FileCollapse {
  private static final long NOWHERE = -1;

  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final PteFormat format;
  private final Vma vma;
  private final Backing.OfFile backing;
  private final FilePages file;
  private final long firstVa;
  private final long firstPage;
  private final int pages;

  /** Of an aligned range, whose first address is in a mapping. */
  FileCollapse(AddressSpace mm, Vma vma, Backing.OfFile backing, long firstVa) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.format = system.variant().format();
    this.vma = vma;
    this.backing = backing;
    this.file = backing.file();
    this.firstVa = firstVa;
    this.firstPage = backing.pageOffset() + ((firstVa - vma.firstVa()) >> file.pageShift());
    this.pages = 1 << system.hugePages().order();
  }

  CollapseStatus run(CollapseLimits limits) {
    Optional<CollapseStatus> unfit = ofMapping();
    if (unfit.isPresent()) {
      return unfit.get();
    }
    long[] frames = file.frames(firstPage, pages);
    Optional<CollapseStatus> inTheWay = ofTable(frames).or(() -> ofPages(frames, limits));
    if (inTheWay.isPresent()) {
      return inTheWay.get();
    }
    mm.sharedRanges().own(firstVa, bytes());
    long spare;
    try (PageGather gather = mm.gather()) {
      entries().alloc(firstVa, gather.gather());
      gather.flush();
      spare = entries().allocSpare();
    } catch (OutOfFramesException e) {
      return CollapseStatus.NO_MEMORY;
    }
    boolean mapped = false;
    try {
      if (isWhole(frames[0])) {
        unmapHere();
      } else {
        intoOne();
      }
      map(spare);
      mapped = true;
    } catch (OutOfFramesException e) {
      return CollapseStatus.NO_MEMORY;
    } finally {
      if (!mapped) {
        entries().freeSpare(spare);
      }
    }
    return CollapseStatus.COLLAPSED;
  }

  private HugeEntries entries() {
    return mm.pageTable().hugeEntries();
  }

  private long bytes() {
    return pages * mm.pageBytes();
  }

  /** {@code hugepage_vma_revalidate()}, {@code thp_vma_suitable_order()}. */
  private Optional<CollapseStatus> ofMapping() {
    if (!vma.contains(firstVa + bytes() - 1)) {
      return Optional.of(CollapseStatus.NOT_ONE_MAPPING);
    }
    if (vma.advice() == HugePageAdvice.NOHUGEPAGE) {
      return Optional.of(CollapseStatus.ADVISED_AGAINST);
    }
    if (!system.hugePages().mayShowWhole(vma, backing, firstVa)) {
      return Optional.of(CollapseStatus.NOT_ALIGNED);
    }
    return firstPage + pages > file.sizePages()
        ? Optional.of(CollapseStatus.BEYOND_FILE)
        : Optional.empty();
  }

  /** What a leaf cannot show beside the file's pages. */
  private Optional<CollapseStatus> ofTable(long[] frames) {
    try (PageGather gather = mm.gather()) {
      if (mm.hugeLeaves().at(firstVa, gather.gather()).isPresent()) {
        return Optional.of(CollapseStatus.MAPPED_ALREADY);
      }
      Optional<PteView> table = mm.pageTable().pteView(firstVa, gather.gather());
      for (int i = 0; table.isPresent() && i < pages; i++) {
        long raw = table.get().get(i);
        boolean ofFile = format.present(raw, Level.PTE) && system.pfn(raw) == frames[i];
        if (!ofFile && !format.none(raw, Level.PTE)) {
          return Optional.of(CollapseStatus.OWN_COPIES);
        }
      }
      return Optional.empty();
    }
  }

  /** {@code hpage_collapse_scan_file()}. */
  private Optional<CollapseStatus> ofPages(long[] frames, CollapseLimits limits) {
    int none = 0;
    int swapped = 0;
    for (int i = 0; i < pages; i++) {
      if (frames[i] != NOWHERE) {
        if (isHeld(frames[i])) {
          return Optional.of(CollapseStatus.PAGE_HELD);
        }
      } else if (file.isSwapped(firstPage + i)) {
        swapped++;
      } else {
        none++;
      }
    }
    if (swapped > limits.swapped()) {
      return Optional.of(CollapseStatus.TOO_MANY_SWAPPED);
    }
    return none > limits.none() ? Optional.of(CollapseStatus.TOO_FEW_PAGES) : Optional.empty();
  }

  /**
   * By whoever would not see what is written to its copy; and by a lock, where Linux moves it
   * nevertheless ({@code TTU_IGNORE_MLOCK}) and the next access faults.
   */
  private boolean isHeld(long pfn) {
    return folios.is(pfn, PageFlag.MLOCKED)
        || folios.refCount(pfn) != folios.totalMapCount(pfn) + file.held(pfn);
  }

  private boolean isWhole(long first) {
    return first != NOWHERE
        && folios.order(first) == system.hugePages().order()
        && file.held(first) == pages;
  }

  /**
   * Makes one folio of what is there and what is not.
   *
   * @throws OutOfFramesException where there is no memory; pages may have come from swap
   */
  private void intoOne() {
    for (long page = firstPage; page < firstPage + pages; page++) {
      if (file.isSwapped(page)) {
        file.get(page, 0).ifPresent(this::cached);
      }
    }
    long head = folios.alloc(system.hugePages().order(), 0);
    boolean there = false;
    try {
      unmapAll();
      file.collapse(firstPage, head);
      there = true;
    } finally {
      if (!there) {
        folios.unref(head, 1);
      }
    }
    system.lru().add(head);
  }

  private void cached(long pfn) {
    system.lru().add(folios.headOf(pfn));
    folios.unref(pfn, 1);
  }

  /** {@code try_to_unmap()} of each folio. */
  private void unmapAll() {
    Arrays.stream(file.frames(firstPage, pages))
        .filter(pfn -> pfn != NOWHERE)
        .map(folios::headOf)
        .distinct()
        .forEach(system.fileRmap()::unmap);
  }

  /** What entries show of one folio, a leaf is to show: {@code collapse_pte_mapped_thp()}. */
  private void unmapHere() {
    try (PageGather gather = mm.gather()) {
      new Zap(mm, gather).range(firstVa, bytes());
      gather.flush();
    }
  }

  /** Takes the spare table over, unless it throws. */
  private void map(long spare) {
    for (Mapping mapping : system.rmap().of(file.id(), firstPage, firstPage + pages - 1)) {
      freeTable(mapping);
    }
    long head = file.frames(firstPage, 1)[0];
    try (PageGather gather = mm.gather()) {
      HugeEntry entry = entries().find(firstVa, gather.gather()).orElseThrow();
      // No CPU may meet the leaf beside the table.
      if (!entry.freeEmptyTableNow()) {
        throw new IllegalStateException("0x%x: still maps pages".formatted(firstVa));
      }
      folios.ref(head, 1);
      mm.hugeLeaves().mapFile(vma, entry, head, spare, false);
    }
  }

  /**
   * Gives back a table that shows nothing any more, or faults would go on filling it ({@code
   * retract_page_tables()}). Not where others may share it.
   */
  private void freeTable(Mapping mapping) {
    AddressSpace other = mapping.mm();
    if (other.pageTable().mayShare()
        || mapping.firstPage() > firstPage
        || !(mapping.vma().backing() instanceof Backing.OfFile shown)
        || !system.hugePages().mayShowWhole(mapping.vma(), shown, mapping.va(firstPage))) {
      return;
    }
    try (PageGather gather = other.gather()) {
      other
          .pageTable()
          .hugeEntries()
          .find(mapping.va(firstPage), gather.gather())
          .ifPresent(HugeEntry::freeEmptyTableNow);
    }
  }
}
