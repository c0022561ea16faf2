package org.mmport.mm;

import java.util.Arrays;
import java.util.function.LongConsumer;
import org.mmport.pgtable.MmuGather;

/**
 * Changes of one address space whose pages may go only after the TLBs have forgotten them: Linux's
 * {@code mmu_gather} with its pages. Unhook, flush, free, in that order.
 */
final class PageGather implements AutoCloseable {
  private final MmuGather gather;
  private final LongConsumer release;
  private long[] released = new long[16];
  private int releasedCount;

  /**
   * Changes that end with those of a gather.
   *
   * @param release gives back a reference to a page's folio
   */
  PageGather(MmuGather gather, LongConsumer release) {
    this.gather = gather;
    this.release = release;
  }

  MmuGather gather() {
    return gather;
  }

  /** Gives up a reference to a folio, by one of its pages, once the flush is done. */
  void releaseLater(long pfn) {
    if (releasedCount == released.length) {
      released = Arrays.copyOf(released, releasedCount * 2);
    }
    released[releasedCount++] = pfn;
  }

  /** Has all flushed that is owed, then frees. If the flush fails, nothing is freed. */
  void flush() {
    gather.flush();
    while (releasedCount > 0) {
      release.accept(released[--releasedCount]);
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
    if (releasedCount > 0) {
      throw new IllegalStateException(
          "gather closed while it holds " + releasedCount + " pages: call flush() first");
    }
  }
}
