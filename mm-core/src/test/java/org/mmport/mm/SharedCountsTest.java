package org.mmport.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.TableCounts;

/** What faults count beside one another. */
class SharedCountsTest {
  /** So many that two threads that start together run side by side for long, whatever else runs. */
  private static final int EACH = 5_000_000;

  private static final int PAGES_EACH = 200_000;

  @Test
  void pagesOfTwoThreadsAreSummed() throws InterruptedException {
    RssCounts counts = new RssCounts();
    byTwo(
        thread -> {
          for (int i = 0; i < EACH; i++) {
            counts.add(2, thread, i % 2 == 0 ? 1 : -1);
          }
        });
    assertEquals(
        new MmCounters(4L * EACH, EACH, 0, 5, TableCounts.NONE), counts.with(5, TableCounts.NONE));
  }

  @Test
  void faultsOfTwoThreadsAreSummed() throws InterruptedException {
    FaultCounts counts = new FaultCounts();
    byTwo(
        thread -> {
          for (int i = 0; i < EACH; i++) {
            counts.add(FaultStatus.MINOR);
          }
        });
    assertEquals(Map.of(FaultStatus.MINOR, 2L * EACH), counts.sums());
  }

  /** Each thread's in its order, and none twice. */
  @Test
  void pagesThatTwoThreadsAddAreAllThere() throws InterruptedException {
    try (PhysicalMemory memory = PhysicalMemory.ofSize((2L * PAGES_EACH) << 12)) {
      PageLru lru = new PageLru(FrameAllocator.singleNode(memory, 12));
      byTwo(
          thread -> {
            for (long i = 0; i < PAGES_EACH; i++) {
              lru.add(i * 2 + thread);
            }
          });
      assertEquals(2 * PAGES_EACH, lru.size());
      long[] last = {-2, -1};
      Set<Long> seen = new HashSet<>();
      while (lru.size() > 0) {
        long pfn = lru.poll().orElseThrow();
        seen.add(pfn);
        assertEquals(last[(int) (pfn & 1)] + 2, pfn);
        last[(int) (pfn & 1)] = pfn;
      }
      assertEquals(2 * PAGES_EACH, seen.size());
    }
  }

  /** As if there were no batches. */
  @Test
  void oneThreadFindsItsPagesInOrder() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(64 << 12)) {
      PageLru lru = new PageLru(FrameAllocator.singleNode(memory, 12));
      for (long pfn = 0; pfn < 40; pfn++) {
        lru.add(pfn);
      }
      lru.add(3);
      lru.addFirst(7);
      List<Long> first = List.of(lru.poll().orElseThrow(), lru.poll().orElseThrow());
      assertEquals(List.of(7L, 0L), first);
      for (int left = 38; left > 1; left--) {
        lru.poll();
      }
      assertEquals(3, lru.poll().orElseThrow());
      assertEquals(0, lru.size());
    }
  }

  private interface Body {
    void by(int thread);
  }

  private static void byTwo(Body body) throws InterruptedException {
    AtomicInteger ready = new AtomicInteger();
    Thread other = new Thread(() -> together(ready, body, 1));
    other.start();
    together(ready, body, 0);
    other.join();
  }

  private static void together(AtomicInteger ready, Body body, int thread) {
    ready.incrementAndGet();
    while (ready.get() < 2) {
      Thread.onSpinWait();
    }
    body.by(thread);
  }
}
