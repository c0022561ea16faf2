package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mmport.machine.TestMemory.PAGE;
import static org.mmport.machine.TestMemory.PAGE_SHIFT;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.TablePlacement;

/** Frames that threads fetch a few at a time. */
class PercpuFramesTest {
  private static final int ROW = 1 << PercpuFrames.BATCH_ORDER;
  private static final int THREADS = 3;

  @Test
  void whatAThreadFetchedIsFree() throws InterruptedException, ExecutionException {
    try (PhysicalMemory memory = TestMemory.fromBase(64)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      long physAddr = inAnotherThread(() -> frames.alloc(0, 0));
      assertEquals(63, frames.freeFrames());
      assertEquals(1, frames.allocatedFrames());
      assertFree(frames, physAddr + PAGE);
      assertEquals(63, frames.freeFrames());
    }
  }

  /** The last frame of the node can be had, whoever fetched it. */
  @Test
  void anotherThreadsFramesAreFoundWhereNoneAreLeft()
      throws InterruptedException, ExecutionException {
    try (PhysicalMemory memory = TestMemory.fromBase(64)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      inAnotherThread(() -> frames.alloc(0, 0));
      Set<Long> all = new HashSet<>();
      for (int i = 0; i < 63; i++) {
        assertTrue(all.add(frames.alloc(0, 0)));
      }
      assertThrows(OutOfFramesException.class, () -> frames.alloc(0, 0));
      assertEquals(0, frames.freeFrames());
    }
  }

  @Test
  void largeBlocksAreMadeOfThemAgain() throws InterruptedException, ExecutionException {
    try (PhysicalMemory memory = TestMemory.fromBase(64)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      long physAddr = inAnotherThread(() -> frames.alloc(0, 0));
      frames.free(physAddr, 0);
      assertEquals(0, frames.alloc(6, 0) % (64 * PAGE));
      assertThrows(OutOfFramesException.class, () -> frames.alloc(0, 0));
    }
  }

  /** Not between the pages that they map. */
  @Test
  void tablesLieBesideEachOther() {
    try (PhysicalMemory memory = TestMemory.fromBase(4 * ROW)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      TableAllocator tables = new TableAllocator(frames);
      TablePlacement placement = TablePlacement.natural((int) PAGE);
      long first = tables.alloc(placement, 0);
      long page = frames.alloc(0, 0);
      assertEquals(first + PAGE, tables.alloc(placement, 0));
      assertEquals(page + PAGE, frames.alloc(0, 0));
      long last = tables.alloc(placement, 0);
      assertEquals(first + 2 * PAGE, last);
      tables.free(last);
      assertEquals(last, tables.alloc(placement, 0), "the one that was given back last");
      assertEquals(4 * ROW - 5, frames.freeFrames());
      for (int i = 0; i < 4 * ROW - 5; i++) {
        frames.alloc(0, 0);
      }
      assertEquals(0, frames.freeFrames(), "what is kept for tables is had where none is left");
    }
  }

  /** Neighbours share cache lines of what is known of them. */
  @Test
  void threadsHaveFramesInRowsOfTheirOwn() throws InterruptedException, ExecutionException {
    try (PhysicalMemory memory = TestMemory.fromBase(4 * ROW)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      long mine = frames.alloc(0, 0);
      long other = inAnotherThread(() -> frames.alloc(0, 0));
      assertTrue(Math.abs(mine - other) >= ROW * PAGE, mine + " and " + other);
      assertEquals(mine + PAGE, frames.alloc(0, 0));
    }
  }

  @Test
  void whatWasTakenLastIsTakenNext() {
    try (PhysicalMemory memory = TestMemory.fromBase(4 * ROW)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      frames.alloc(0, 0);
      long last = frames.alloc(0, 0);
      frames.free(last, 0);
      assertFree(frames, last);
      assertEquals(last, frames.alloc(0, 0));
    }
  }

  /** No frame is two threads', and none is lost, while blocks are taken and one drains all. */
  @Test
  void threadsAtOnceHaveFramesOfTheirOwn() throws InterruptedException, ExecutionException {
    try (PhysicalMemory memory = TestMemory.fromBase(1024)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      ExecutorService threads = Executors.newFixedThreadPool(THREADS + 1);
      AtomicBoolean ended = new AtomicBoolean();
      Future<Long> drains = threads.submit(() -> drainUntil(frames, ended));
      List<Future<List<Long>>> results = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        int seed = i;
        results.add(threads.submit(() -> takeAndGiveBack(frames, new Random(seed))));
      }
      Set<Long> kept = new HashSet<>();
      for (Future<List<Long>> result : results) {
        for (long physAddr : result.get()) {
          assertTrue(kept.add(physAddr), () -> "0x%x is two threads'".formatted(physAddr));
        }
      }
      ended.set(true);
      assertTrue(drains.get() > 0);
      threads.shutdown();
      assertEquals(kept.size(), frames.allocatedFrames());
      FrameInvariants.verify(frames);
      kept.forEach(physAddr -> frames.free(physAddr, 0));
      assertEquals(1024, frames.freeFrames());
      FrameInvariants.verify(frames);
    }
  }

  private static long drainUntil(FrameAllocator frames, AtomicBoolean ended) {
    long drains = 0;
    while (!ended.get()) {
      frames.node(0).drain();
      drains++;
    }
    return drains;
  }

  private static List<Long> takeAndGiveBack(FrameAllocator frames, Random random) {
    List<Long> mine = new ArrayList<>();
    for (int i = 0; i < 30_000; i++) {
      try {
        if (random.nextInt(100) == 0) {
          frames.free(frames.alloc(4, 0), 4);
        } else if (mine.size() < 300 && random.nextInt(2) == 0) {
          mine.add(frames.alloc(0, 0));
        } else if (!mine.isEmpty()) {
          Collections.swap(mine, random.nextInt(mine.size()), mine.size() - 1);
          frames.free(mine.removeLast(), 0);
        }
      } catch (OutOfFramesException e) {
        // Blocks of 16 need not be there.
      }
    }
    return mine;
  }

  private static void assertFree(FrameAllocator frames, long physAddr) {
    InvalidRequestException refused =
        assertThrows(InvalidRequestException.class, () -> frames.free(physAddr, 0));
    assertTrue(refused.toString().contains("is free"), refused.toString());
  }

  private static long inAnotherThread(Callable<Long> action)
      throws InterruptedException, ExecutionException {
    ExecutorService thread = Executors.newSingleThreadExecutor();
    try {
      return thread.submit(action).get();
    } finally {
      thread.shutdown();
    }
  }
}
