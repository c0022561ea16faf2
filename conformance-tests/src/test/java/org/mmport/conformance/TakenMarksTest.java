package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.PteTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/**
 * Entries are emptied by plain stores where hardware has no mark left to set, and by exchanges
 * elsewhere. Nobody who is told of each access comes by the plain ones, so here a thread is the
 * hardware: what it marked dirty before an entry was empty, whoever emptied it must have seen.
 */
class TakenMarksTest {
  private static final int ROUNDS = 200_000;
  private static final long MOST_NANOS = 3_000_000_000L;
  private static final int PAGES = 16;
  private static final VarHandle LONGS = ValueLayout.JAVA_LONG.varHandle();

  @Test
  void dirtyIsSeenByWhoeverEmptiesTheEntry() throws InterruptedException {
    assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "needs two CPUs");
    MmuVariant variant = Breaker.good("x86_64/4level");
    PteFormat format = variant.format();
    try (PhysicalMemory memory = PhysicalMemory.ofSize(16L << 20)) {
      TableSpace space = new TableSpace(variant, FrameAllocator.singleNode(memory, 12), 0);
      try (PageTable table = PageTable.create(space, TableOwner.USER);
          MmuGather gather = table.gather(request -> {})) {
        PteTable leaves = table.pteTableAlloc(0x40000000L, gather);
        long clean = format.mkLeaf(0, format.pgprot(Protection.PAGE_SHARED), Level.PTE);
        long young = format.mkYoung(format.mkClean(clean, Level.PTE), Level.PTE);
        Hardware hardware =
            new Hardware(
                memory.slice(leaves.tableAddr(), 4096), young, young | format.bits().dirty());
        Thread cpu = new Thread(hardware);
        cpu.start();
        int marked = 0;
        int lost = 0;
        try {
          long end = System.nanoTime() + MOST_NANOS;
          for (int round = 1; round <= ROUNDS && System.nanoTime() < end; round++) {
            leaves.set(0, PAGES, young);
            hardware.begin(round);
            boolean dirty = format.dirty(leaves.clear(0, PAGES), Level.PTE);
            boolean wasMarked = hardware.hasMarked(round);
            marked += wasMarked ? 1 : 0;
            lost += wasMarked && !dirty ? 1 : 0;
          }
        } finally {
          hardware.begin(-1);
          cpu.join();
        }
        leaves.set(0, 1, young);
        gather.flush();
        table.unmap(0x40000000L, 4096, gather);
        gather.flush();
        assertEquals(0, lost, "marks that were lost");
        assertTrue(marked > 0, "it was never in time");
      }
    }
  }

  /** What is alike but for marks and rights is emptied together, too. */
  @Test
  void dirtyOfAnyIsSeen() {
    MmuVariant variant = Breaker.good("x86_64/4level");
    PteFormat format = variant.format();
    try (PhysicalMemory memory = PhysicalMemory.ofSize(16L << 20)) {
      TableSpace space = new TableSpace(variant, FrameAllocator.singleNode(memory, 12), 0);
      try (PageTable table = PageTable.create(space, TableOwner.USER);
          MmuGather gather = table.gather(request -> {})) {
        PteTable leaves = table.pteTableAlloc(0x40000000L, gather);
        long leaf = format.mkLeaf(0, format.pgprot(Protection.PAGE_SHARED), Level.PTE);
        long clean = format.mkYoung(format.mkClean(leaf, Level.PTE), Level.PTE);
        leaves.set(0, 1, format.wrProtect(clean, Level.PTE));
        leaves.set(1, 1, format.withPhysAddr(format.mkDirty(clean, Level.PTE), 4096, Level.PTE));
        leaves.set(2, 1, format.withPhysAddr(clean, 8192, Level.PTE));
        assertTrue(format.dirty(leaves.clear(0, 2), Level.PTE));
        gather.flush();
        table.unmap(0x40002000L, 4096, gather);
        gather.flush();
      }
    }
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
