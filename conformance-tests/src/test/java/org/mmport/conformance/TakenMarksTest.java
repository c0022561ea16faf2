package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.mmport.machine.Folios;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PageFlag;
import org.mmport.machine.PageRows;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.SinglePages;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.PteTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/**
 * Entries are emptied, and write-protected, by plain stores where hardware has no mark left to set,
 * and by exchanges elsewhere. Nobody who is told of each access comes by the plain ones, so here a
 * thread is the hardware: what it marked dirty before an entry was changed, whoever changed it must
 * have seen.
 */
class TakenMarksTest {
  private static final int ROUNDS = 200_000;
  private static final long MOST_NANOS = 3_000_000_000L;
  private static final int PAGES = 16;
  private static final long VA = 0x40000000L;
  private static final VarHandle LONGS = ValueLayout.JAVA_LONG.varHandle();
  private static final PteFormat FORMAT = Breaker.good("x86_64/4level").format();

  private final PhysicalMemory memory = PhysicalMemory.ofSize(16L << 20);
  private final FrameAllocator frames = FrameAllocator.singleNode(memory, 12);
  private final Folios folios = new Folios(frames);
  private final SinglePages singles = SinglePages.ofMachine(folios, frames);
  private final PageTable pages = tables();
  private final MmuGather gather = pages.gather(request -> {});
  private final PteTable table = pages.pteTableAlloc(VA, gather);
  private final long[] behind = new long[1];

  /** The first of as many pages as entries, in a row. */
  private final long pfn = anonPages();

  /** As leaves are that were read by, and may be written by. */
  private final long readByNow = readByNow();

  private PageTable tables() {
    return PageTable.create(
        new TableSpace(Breaker.good("x86_64/4level"), frames, 0), TableOwner.USER);
  }

  private long anonPages() {
    long first = folios.alloc(0, 0);
    for (long at = first; at < first + PAGES; at++) {
      assertEquals(at, at == first ? first : folios.alloc(0, 0), "frames in a row");
      folios.set(at, PageFlag.ANON);
      folios.addMapCount(at, 1);
    }
    return first;
  }

  private long readByNow() {
    long leaf = FORMAT.mkLeaf(pfn << 12, FORMAT.pgprot(Protection.PAGE_SHARED), Level.PTE);
    return FORMAT.mkYoung(FORMAT.mkClean(leaf, Level.PTE), Level.PTE);
  }

  @AfterEach
  void close() {
    gather.flush();
    gather.close();
    pages.close();
    memory.close();
  }

  @Test
  void dirtyIsSeenByWhoeverEmptiesEntries() throws InterruptedException {
    race(() -> FORMAT.dirty(table.clear(0, PAGES), Level.PTE));
  }

  @Test
  void dirtyIsSeenByWhoeverUnmapsSinglePages() throws InterruptedException {
    race(
        () -> {
          int done = table.unmapSingles(0, PAGES, singles, new PageRows(), behind);
          assertEquals(PAGES, done);
          for (int i = 1; i < PAGES; i++) {
            folios.addMapCount(pfn + i, 1);
            assertFalse(folios.is(pfn + i, PageFlag.DIRTY), "nobody wrote to the others");
          }
          folios.addMapCount(pfn, 1);
          return folios.testAndClear(pfn, PageFlag.DIRTY);
        });
  }

  @Test
  void dirtyIsSeenByWhoeverSharesSinglePages() throws InterruptedException {
    try (PageTable others = tables();
        MmuGather othersGather = others.gather(request -> {})) {
      PteTable to = others.pteTableAlloc(VA, othersGather);
      race(
          () -> {
            assertEquals(PAGES, table.shareSingles(to, 0, PAGES, singles, behind));
            to.clear(0, PAGES);
            for (int i = 0; i < PAGES; i++) {
              folios.addMapCount(pfn + i, -1);
              folios.unref(pfn + i, 1);
            }
            long protectedNow = table.clear(0, PAGES);
            assertFalse(FORMAT.write(protectedNow, Level.PTE));
            return FORMAT.dirty(protectedNow, Level.PTE);
          });
      othersGather.flush();
    }
  }

  @Test
  void dirtyIsSeenByWhoeverProtectsRanges() throws InterruptedException {
    race(
        () -> {
          pages.protect(VA, PAGES << 12, Protection.PAGE_READONLY, gather);
          long protectedNow = table.clear(0, PAGES);
          assertFalse(FORMAT.write(protectedNow, Level.PTE));
          return FORMAT.dirty(protectedNow, Level.PTE);
        });
  }

  /** Every other leaf is dirty already, so that each is changed by itself. */
  @Test
  void dirtyIsSeenByWhoeverProtectsLeavesThatAreAlone() throws InterruptedException {
    race(
        () -> {
          for (int i = 1; i < PAGES; i += 2) {
            table.setAccessFlags(i, at(pfn + i, FORMAT.mkDirty(readByNow, Level.PTE)));
          }
          pages.protect(VA, PAGES << 12, Protection.PAGE_READONLY, gather);
          long protectedNow = table.clear(0, 1);
          assertFalse(FORMAT.write(protectedNow, Level.PTE));
          for (int i = 1; i < PAGES; i++) {
            long other = table.clear(i, 1);
            assertFalse(FORMAT.write(other, Level.PTE));
            assertEquals(i % 2 == 1, FORMAT.dirty(other, Level.PTE), "each its own");
          }
          return FORMAT.dirty(protectedNow, Level.PTE);
        });
  }

  /** What is alike but for marks and rights is emptied together, too. */
  @Test
  void dirtyOfAnyIsSeen() {
    table.set(0, 1, FORMAT.wrProtect(readByNow, Level.PTE));
    table.set(1, 1, at(pfn + 1, FORMAT.mkDirty(readByNow, Level.PTE)));
    table.set(2, 1, at(pfn + 2, readByNow));
    assertTrue(FORMAT.dirty(table.clear(0, 2), Level.PTE));
    assertFalse(FORMAT.dirty(table.clear(2, 1), Level.PTE));
  }

  private static long at(long pfn, long leaf) {
    return FORMAT.withPhysAddr(leaf, pfn << 12, Level.PTE);
  }

  /** Has entries changed over and over, and says whether any mark of hardware was lost. */
  private void race(BooleanSupplier changeSeesDirty) throws InterruptedException {
    assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "needs two CPUs");
    Hardware hardware =
        new Hardware(
            memory.slice(table.tableAddr(), 4096), readByNow, readByNow | FORMAT.bits().dirty());
    Thread cpu = new Thread(hardware);
    cpu.start();
    int marked = 0;
    int lost = 0;
    try {
      long end = System.nanoTime() + MOST_NANOS;
      for (int round = 1; round <= ROUNDS && System.nanoTime() < end; round++) {
        table.set(0, PAGES, readByNow);
        hardware.begin(round);
        boolean dirty = changeSeesDirty.getAsBoolean();
        boolean wasMarked = hardware.hasMarked(round);
        marked += wasMarked ? 1 : 0;
        lost += wasMarked && !dirty ? 1 : 0;
      }
    } finally {
      hardware.begin(-1);
      cpu.join();
    }
    assertEquals(0, lost, "marks that were lost");
    assertTrue(marked > 0, "it was never in time");
  }

  /** Marks the first of the entries once a round, if it finds it as it was. */
  private static final class Hardware implements Runnable {
    private final MemorySegment entries;
    private final long from;
    private final long to;
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger ended = new AtomicInteger();
    private volatile boolean marked;

    Hardware(MemorySegment entries, long from, long to) {
      this.entries = entries;
      this.from = from;
      this.to = to;
    }

    void begin(int round) {
      begun.set(round);
    }

    @SuppressWarnings("ThreadPriorityCheck")
    boolean hasMarked(int round) {
      // Where others need the CPUs too, it must get one.
      while (ended.get() != round) {
        Thread.yield();
      }
      return marked;
    }

    @Override
    public void run() {
      int last = 0;
      while (last >= 0) {
        int round = begun.get();
        if (round > 0 && round != last) {
          marked = LONGS.compareAndSet(entries, 0L, from, to);
          ended.set(round);
        }
        last = round;
      }
    }
  }
}
