package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mmport.machine.TestMemory.PAGE_SHIFT;

import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.TablePlacement;

class FoliosTest {
  private static final int FRAMES = 4096;

  private final PhysicalMemory memory = TestMemory.fromBase(FRAMES);
  private final FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
  private final Folios folios = new Folios(frames);

  @AfterEach
  void close() {
    memory.close();
  }

  @Test
  void refusalsSayWhatIsWrong() {
    long page = folios.alloc(0, 0);
    long large = folios.alloc(2, 0);
    folios.addMapCount(page, 1);
    refused(
        "folio 0x%x: -1 references and +0 mapcounts would make 0 and 1".formatted(page),
        () -> folios.unref(page, 1));
    refused("+0 references and +1 mapcounts would make 1 and 2", () -> folios.addMapCount(page, 1));
    refused("would make 1 and -1", () -> folios.addMapCount(page, -2));
    refused(
        "-1 PTE mapcounts of page 0x%x: has 0".formatted(large + 3),
        () -> folios.addMapCount(large + 3, -1));
    refused("PTE mapcounts", () -> folios.addMapCount(large + 3, Integer.MIN_VALUE));
    refused("has one frame; count its PTEs", () -> folios.addEntireMapCount(page, 1));
    refused("has one frame; only larger", () -> folios.split(page));
    refused("0 references or pins: must be 1 or more", () -> folios.ref(page, 0));
    refused("-1 references or pins: must be 1 or more", () -> folios.unref(page, -1));
    refused("would make 2147483648 and 1", () -> folios.ref(page, Integer.MAX_VALUE));
    refused("must be below 2^31", () -> folios.pin(page, Integer.MAX_VALUE / 1000));
    refused("2 pins less of folio 0x%x: has 0".formatted(large), () -> folios.unpin(large, 2));
    refused("NUMA node 1: must be 0 to 0", () -> folios.pollSplit(1));
    folios.set(large, PageFlag.LOCKED);
    folios.set(large, PageFlag.SWAPCACHE);
    refused("0 pins and flags [SWAPCACHE, LOCKED]", () -> folios.unref(large, 1));
    assertEquals(1, folios.refCount(large));
  }

  @Test
  void pageTablesAreNoFolios() {
    long tableAddr = new TableAllocator(frames).alloc(TablePlacement.natural(4096), 0);
    long plainAddr = frames.alloc(0, 0);
    refused("in no folio in use", () -> folios.ref(tableAddr >> PAGE_SHIFT, 1));
    refused("in no folio in use", () -> folios.refCount(plainAddr >> PAGE_SHIFT));
    refused("in no folio in use", () -> folios.order(-1));
    assertFalse(folios.tryRef(tableAddr >> PAGE_SHIFT));
  }

  @Test
  void aFrameHandedOutAgainRemembersNothing() {
    long head = folios.alloc(3, 0);
    for (long page = head; page < head + 8; page++) {
      folios.set(page, PageFlag.ANON_EXCLUSIVE);
      folios.ref(page, 1);
      folios.addMapCount(page, 1);
    }
    folios.set(head, PageFlag.DIRTY);
    folios.queueSplit(head);
    for (long page = head; page < head + 8; page++) {
      folios.addMapCount(page, -1);
    }
    assertTrue(folios.unref(head, 9));
    assertTrue(folios.pollSplit(0).isEmpty());
    assertEquals(head, folios.alloc(3, 0));
    for (long page = head; page < head + 8; page++) {
      for (PageFlag flag : PageFlag.values()) {
        assertFalse(folios.is(page, flag), "page " + (page - head) + " " + flag);
      }
      assertEquals(0, folios.mapCount(page));
    }
  }

  @Test
  void aPinOutlivesMappings() {
    long page = folios.alloc(0, 0);
    folios.addMapCount(page, 1);
    folios.pin(page, 1);
    assertEquals(1025, folios.refCount(page));
    folios.addMapCount(page, -1);
    assertFalse(folios.unref(page, 1));
    assertTrue(folios.maybePinned(page));
    assertTrue(folios.unpin(page, 1));
    assertEquals(0, folios.allocated());
  }

  @Test
  void aRefusedUnpinLeavesThePins() {
    long large = folios.alloc(1, 0);
    folios.pin(large, 2);
    folios.unref(large, 1);
    folios.set(large, PageFlag.LOCKED);
    refused("flags [LOCKED]", () -> folios.unpin(large, 2));
    assertTrue(folios.maybePinned(large));
    folios.clear(large, PageFlag.LOCKED);
    assertTrue(folios.unpin(large, 2));
  }

  @Test
  void countsOfTwoThreadsAddUp() throws Exception {
    long page = folios.alloc(0, 0);
    long large = folios.alloc(4, 0);
    inTwoThreads(
        thread -> {
          for (int i = 0; i < 50_000; i++) {
            folios.ref(page, 2);
            folios.addMapCount(page, 1);
            folios.ref(large + i % 16, 1);
            folios.addMapCount(large + i % 16, 1);
            if (i % 2 == 0) {
              folios.addMapCount(page, -1);
              folios.unref(page, 2);
              folios.addMapCount(large + i % 16, -1);
              folios.unref(large, 1);
            }
            folios.pin(large, 1);
            folios.unpin(large, 1);
            PageFlag mine = thread == 0 ? PageFlag.DIRTY : PageFlag.REFERENCED;
            assertFalse(folios.testAndSet(large, mine));
            assertTrue(folios.testAndClear(large, mine));
          }
        });
    assertEquals(1 + 2 * 50_000, folios.refCount(page));
    assertEquals(50_000, folios.mapCount(page));
    assertEquals(1 + 50_000, folios.refCount(large));
    assertEquals(50_000, folios.totalMapCount(large));
    assertFalse(folios.maybePinned(large));
  }

  /** One of the two is the last, and only one. */
  @Test
  void aFolioIsFreedOnce() throws Exception {
    AtomicLong freed = new AtomicLong();
    CyclicBarrier together = new CyclicBarrier(2);
    long[] heads = new long[FRAMES / 8];
    for (int i = 0; i < heads.length; i++) {
      heads[i] = folios.alloc(i % 3, 0);
      folios.ref(heads[i], 1);
      if (i % 3 > 0) {
        folios.queueSplit(heads[i]);
      }
    }
    inTwoThreads(
        thread -> {
          together.await();
          for (long head : heads) {
            if (folios.unref(head, 1)) {
              freed.incrementAndGet();
            }
          }
        });
    assertEquals(heads.length, freed.get());
    assertEquals(0, folios.allocated());
    assertEquals(FRAMES, frames.freeFrames());
    FrameInvariants.verify(frames);
  }

  /** One thread frees and allocates what the other takes from the queue. */
  @Test
  void whatIsPolledIsNotFreed() throws Exception {
    inTwoThreads(
        thread -> {
          for (int i = 0; i < 30_000; i++) {
            if (thread == 0) {
              long head = folios.alloc(1, 0);
              folios.queueSplit(head);
              folios.unref(head, 1);
            } else {
              folios.pollSplit(0).ifPresent(head -> folios.unref(head, 1));
            }
          }
        });
    assertEquals(0, folios.allocated());
    assertTrue(folios.pollSplit(0).isEmpty());
    FrameInvariants.verify(frames);
  }

  @Test
  void twoThreadsShareTheNode() throws Exception {
    inTwoThreads(
        thread -> {
          long[] mine = new long[64];
          for (int i = 0; i < 20_000; i++) {
            int at = i * 31 % 64;
            if (mine[at] != 0) {
              assertEquals(1, folios.refCount(mine[at]));
              folios.unref(mine[at], 1);
            }
            mine[at] = folios.alloc(i % 4, 0);
          }
          for (long head : mine) {
            folios.unref(head, 1);
          }
        });
    assertEquals(FRAMES, frames.freeFrames());
    FrameInvariants.verify(frames);
  }

  private interface Body {
    void run(int thread) throws Exception;
  }

  private static void inTwoThreads(Body body) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Callable<Void> first =
          () -> {
            body.run(0);
            return null;
          };
      Callable<Void> second =
          () -> {
            body.run(1);
            return null;
          };
      Future<Void> one = threads.submit(first);
      Future<Void> two = threads.submit(second);
      one.get();
      two.get();
    }
  }

  private static void refused(String part, Runnable request) {
    InvalidRequestException refused =
        assertThrows(InvalidRequestException.class, request::run, part);
    String text = String.valueOf(refused.getMessage());
    assertTrue(text.contains(part), text);
  }

  /**
   * Records are reached by address: without a look at the memory's state this ended the process.
   */
  @Test
  void closedMemoryHasNoFolios() {
    PhysicalMemory closed = TestMemory.fromBase(FRAMES);
    Folios gone = new Folios(FrameAllocator.singleNode(closed, PAGE_SHIFT));
    long page = gone.alloc(0, 0);
    long head = gone.alloc(2, 0);
    closed.close();
    assertThrows(InvalidRequestException.class, () -> gone.ref(page, 1));
    assertThrows(InvalidRequestException.class, () -> gone.is(head + 1, PageFlag.DIRTY));
    assertThrows(IllegalStateException.class, () -> gone.alloc(0, 0));
  }
}
