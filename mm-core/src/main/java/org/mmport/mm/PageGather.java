package org.mmport.mm;

import java.util.Arrays;
import org.mmport.machine.Folios;
import org.mmport.pgtable.MmuGather;

/**
 * Changes of one address space whose pages may go only after the TLBs have forgotten them: Linux's
 * {@code mmu_gather} with its pages. Unhook, flush, free, in that order.
 */
final class PageGather implements AutoCloseable {
  private final MmuGather gather;
  private final Folios folios;
  private long[] released = new long[16];
  private int releasedCount;

  PageGather(MmuGather gather, Folios folios) {
    this.gather = gather;
    this.folios = folios;
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
      folios.unref(released[--releasedCount], 1);
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
