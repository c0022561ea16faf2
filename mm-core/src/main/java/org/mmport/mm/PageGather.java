package org.mmport.mm;

import java.util.Arrays;
import java.util.Optional;
import org.mmport.machine.PageRows;
import org.mmport.machine.SinglePages;
import org.mmport.pgtable.MmuGather;

/**
 * Changes of one address space whose pages may go only after the TLBs have forgotten them: Linux's
 * {@code mmu_gather} with its pages. Unhook, flush, free, in that order.
 */
final class PageGather implements AutoCloseable {
  private static final long[] NO_PAGES = {};
  private static final int[] NO_REFERENCES = {};

  private final MmuGather gather;
  private final Release release;
  private long[] released = NO_PAGES;
  private int[] references = NO_REFERENCES;
  private int releasedCount;
  private final PageRows singles = new PageRows();
  private Optional<SinglePages> singlePages = Optional.empty();

  /** Gives back references to the folio of a page. */
  interface Release {
    void give(long pfn, int references);
  }

  /** Changes that end with those of a gather. */
  PageGather(MmuGather gather, Release release) {
    this.gather = gather;
    this.release = release;
  }

  MmuGather gather() {
    return gather;
  }

  /** Gives up references to a folio, by one of its pages, once the flush is done. */
  void releaseLater(long pfn, int count) {
    if (releasedCount == released.length) {
      int more = Math.max(16, releasedCount * 2);
      released = Arrays.copyOf(released, more);
      references = Arrays.copyOf(references, more);
    }
    released[releasedCount] = pfn;
    references[releasedCount++] = count;
  }

  /** Where pages are put of which each gives up one reference once the flush is done. */
  PageRows releaseLater(SinglePages pages) {
    singlePages = Optional.of(pages);
    return singles;
  }

  /** Has all flushed that is owed, then frees. If the flush fails, nothing is freed. */
  void flush() {
    gather.flush();
    singlePages.ifPresent(pages -> pages.unref(singles));
    while (releasedCount > 0) {
      releasedCount--;
      release.give(released[releasedCount], references[releasedCount]);
    }
  }

  /**
   * Ends the gather.
   *
   * @throws org.mmport.pgtable.UndischargedDutyException where a flush is owed
   */
  @Override
  public void close() {
    gather.close();
    long held = releasedCount + singles.pages();
    if (held > 0) {
      throw new IllegalStateException(
          "gather closed while it holds " + held + " pages: call flush() first");
    }
  }
}
