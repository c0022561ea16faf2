package org.mmport.mm;

import java.util.concurrent.atomic.LongAdder;
import org.mmport.pgtable.TableCounts;

/**
 * Pages that an address space maps, by kind, counted by any number of threads: {@code
 * mm->rss_stat}, which are percpu counters in Linux.
 */
final class RssCounts {
  private final LongAdder anon = new LongAdder();
  private final LongAdder file = new LongAdder();
  private final LongAdder swap = new LongAdder();

  void add(long anonPages, long filePages, long swapEntries) {
    add(anon, anonPages);
    add(file, filePages);
    add(swap, swapEntries);
  }

  private static void add(LongAdder counter, long pages) {
    if (pages != 0) {
      counter.add(pages);
    }
  }

  /** Exact while nobody counts. */
  MmCounters with(long lockedPages, TableCounts tables) {
    return new MmCounters(anon.sum(), file.sum(), swap.sum(), lockedPages, tables);
  }
}
