package org.mmport.mm;

import org.mmport.machine.OutOfFramesException;
import org.mmport.spi.InvalidRequestException;

/**
 * Looks by itself for ranges that could be huge pages, some at a time, and makes them that:
 * mm/khugepaged.c. It goes through the mappings, of files too, that policy and advice give huge
 * pages, of one process after the other, and goes on where it stopped. Between two ranges others
 * may do anything. Any thread may call it.
 */
public final class Khugepaged {
  /** {@code khugepaged_do_scan()}: once all was looked at twice, there is nothing to be found. */
  private static final int PASSES = 2;

  private final MmSystem system;
  private final CollapseLimits limits;
  private final long bytes;
  private final long pages;

  /** Where it goes on: an address in the process of that context, or in the next there is. */
  private long contextId;

  private long nextVa;
  private KhugepagedCounts counts = KhugepagedCounts.ZERO;

  /**
   * One that has not looked at anything.
   *
   * @param limits what a range may lack
   * @throws InvalidRequestException where there are no huge pages
   */
  public Khugepaged(MmSystem system, CollapseLimits limits) {
    system.hugePages().requireLevel("khugepaged");
    this.system = system;
    this.limits = limits;
    this.bytes = system.hugePageBytes().orElseThrow();
    this.pages = 1L << system.hugePages().order();
  }

  /** One with the limits that Linux begins with. */
  public static Khugepaged of(MmSystem system) {
    system.hugePages().requireLevel("khugepaged");
    return new Khugepaged(system, CollapseLimits.khugepaged(1 << system.hugePages().order()));
  }

  /**
   * Looks at so many pages or a few more ({@code pages_to_scan}); fewer where there is no memory
   * for a huge page, or all was looked at twice.
   *
   * @param pagesToScan 1 or more
   * @return what it did, this time and all times before
   */
  public KhugepagedCounts scan(long pagesToScan) {
    if (pagesToScan < 1) {
      throw new InvalidRequestException(
          "khugepaged of %d pages: must be 1 or more".formatted(pagesToScan));
    }
    long scanned = 0;
    int passes = 0;
    Step step;
    do {
      // The lock is given back in between, or a pass over all would keep everybody waiting.
      step = system.locked(this::next);
      scanned += step.scanned();
      passes += step.passes();
    } while (step.memory() && scanned < pagesToScan && passes < PASSES);
    return system.locked(() -> counts);
  }

  /**
   * What the next mapping, or range of one, came to.
   *
   * @param memory whether there was enough for a huge page
   */
  private record Step(long scanned, int collapsed, int passes, boolean memory) {}

  private Step next() {
    Step step = system.spaceFrom(contextId).map(this::in).orElseGet(this::pass);
    counts = counts.plus(step.scanned(), step.collapsed(), step.passes());
    return step;
  }

  private Step pass() {
    goOnAt(0, 0);
    return new Step(0, 0, 1, true);
  }

  private Step in(AddressSpace mm) {
    if (mm.context().id() != contextId) {
      goOnAt(mm.context().id(), 0);
    }
    return mm.mappings().all().stream()
        .filter(vma -> Long.compareUnsigned(vma.lastVa(), nextVa) >= 0)
        .findFirst()
        .map(vma -> in(mm, vma))
        .orElseGet(() -> passBy(contextId + 1, 0, 0));
  }

  /** {@code khugepaged_scan_mm_slot()}, of what is left of one mapping. */
  private Step in(AddressSpace mm, Vma vma) {
    long from = Long.compareUnsigned(vma.firstVa(), nextVa) > 0 ? vma.firstVa() : nextVa;
    long va = (from + bytes - 1) & -bytes;
    boolean fits =
        Long.compareUnsigned(va, from) >= 0
            && Long.compareUnsigned(va, vma.lastVa()) <= 0
            && Long.compareUnsigned(vma.lastVa() - va, bytes - 1) >= 0;
    if (!fits || !system.hugePages().collects(vma)) {
      return passBy(contextId, vma.lastVa() + 1, 1);
    }
    CollapseStatus status = collapse(mm, vma, va);
    goOnAt(contextId, va + bytes);
    int collapsed = status == CollapseStatus.COLLAPSED ? 1 : 0;
    return new Step(pages, collapsed, 0, status != CollapseStatus.NO_MEMORY);
  }

  private Step passBy(long newContextId, long va, long scanned) {
    goOnAt(newContextId, va);
    return new Step(scanned, 0, 0, true);
  }

  private CollapseStatus collapse(AddressSpace mm, Vma vma, long va) {
    try {
      return Collapse.of(mm, vma, va, limits);
    } catch (OutOfFramesException e) {
      // No copy of a table that others use too. Nobody asked for this, so nobody is told.
      return CollapseStatus.NO_MEMORY;
    }
  }

  private void goOnAt(long newContextId, long va) {
    contextId = newContextId;
    nextVa = va;
  }
}
