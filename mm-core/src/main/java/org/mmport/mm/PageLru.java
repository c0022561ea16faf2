package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.FrameQueue;

/**
 * Pages that reclaim may look at, those that it looked at or that came last at the end: Linux's LRU
 * lists, as one. It holds no references: who takes a page must see whether it is still there.
 *
 * <p>Any number of threads may add. Each collects a few of its own first, which are looked for when
 * anything else is asked: that is for whoever keeps all others out.
 */
final class PageLru {
  /** FOLIO_BATCH_SIZE (include/linux/folio_batch.h). */
  private static final int BATCH_PAGES = 31;

  private final FrameQueue pages;
  private final List<Batch> batches = new ArrayList<>();
  private final ThreadLocal<Batch> own = ThreadLocal.withInitial(Batch::new);

  /** One of a machine of those frames. */
  PageLru(FrameAllocator frames) {
    this.pages = frames.newQueue();
  }

  /** What one thread collects: {@code cpu_fbatches.lru_add} in mm/swap.c. */
  private static final class Batch {
    private final long[] pfns = new long[BATCH_PAGES];
    private int count;
    private boolean known;
  }

  /** Puts a page last. */
  void add(long pfn) {
    Batch batch = own.get();
    if (!batch.known || batch.count == BATCH_PAGES) {
      synchronized (batches) {
        if (!batch.known) {
          batches.add(batch);
          batch.known = true;
        }
        take(batch);
      }
    }
    batch.pfns[batch.count++] = pfn;
  }

  private void take(Batch batch) {
    for (int i = 0; i < batch.count; i++) {
      pages.addLast(batch.pfns[i]);
    }
    batch.count = 0;
  }

  /** {@code lru_add_drain_all()}. Threads that have ended are not remembered. */
  private void drain() {
    if (batches.isEmpty()) {
      return;
    }
    synchronized (batches) {
      for (Batch batch : batches) {
        take(batch);
        batch.known = false;
      }
      batches.clear();
    }
  }

  /** Puts a page first. */
  void addFirst(long pfn) {
    drain();
    pages.addFirst(pfn);
  }

  /** Takes the first. */
  OptionalLong poll() {
    drain();
    return pages.poll();
  }

  long size() {
    drain();
    return pages.size();
  }
}
