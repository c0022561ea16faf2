package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.mmport.interleave.ForwardingSteps;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.Steps;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.pgtable.TableWalker;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/**
 * Entries of PAE are stored in two halves, and hardware loads them whole, as does the machine that
 * the core runs on: while one thread maps and unmaps, no other may ever meet a valid entry of which
 * the halves are not of one mapping. Both halves hold the number of the mapping, so that any
 * mixture shows.
 */
class SplitStoreTest {
  private static final int MAPPINGS = 1_000_000;
  private static final long VA = 0x40003000L;
  private static final VarHandle LONGS = ValueLayout.JAVA_LONG.varHandle();

  private static long physAddr(int mapping) {
    return (long) mapping << 32 | (long) mapping << 12;
  }

  @Test
  void noMixtureOfHalvesIsEverValid() throws InterruptedException {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(16L << 20)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, 12);
      TableSpace space = new TableSpace(Breaker.good("x86/pae"), frames, 0);
      try (PageTable table = PageTable.create(space, TableOwner.USER)) {
        // A neighbour, so that the table stays when the page goes.
        map(table, VA + 4096, 0);
        MemorySegment entry =
            memory.slice(table.walker().walk(VA).steps().getLast().entryAddr(), Long.BYTES);
        AtomicBoolean done = new AtomicBoolean();
        Thread writer =
            new Thread(
                () -> {
                  for (int i = 1; i <= MAPPINGS; i++) {
                    map(table, VA, physAddr(i));
                    unmap(table);
                  }
                  done.set(true);
                });
        writer.start();
        long seen = 0;
        try {
          while (!done.get()) {
            seen += whole(entry, table.walker());
          }
        } finally {
          writer.join();
        }
        assertTrue(seen > 0, "no mapping was ever seen");
      }
    }
  }

  /**
   * A CPU without wide loads, which are what somebody is told of, loads again what another one
   * changed between its two loads.
   */
  @Test
  void halvesThatWereLoadedApartAreLoadedAgain() {
    Between between = new Between();
    try (PhysicalMemory memory = PhysicalMemory.ofSize(16L << 20, between)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, 12);
      TableSpace space = new TableSpace(Breaker.good("x86/pae"), frames, 0);
      try (PageTable table = PageTable.create(space, TableOwner.USER)) {
        map(table, VA, physAddr(1));
        MemorySegment entry =
            memory.slice(table.walker().walk(VA).steps().getLast().entryAddr(), Long.BYTES);
        long raw = (long) LONGS.get(entry, 0L);
        TableWalker walker = table.walker();
        between.entryAt = entry.address();
        between.change = () -> LONGS.set(entry, 0L, raw + physAddr(2) - physAddr(1));
        assertEquals(physAddr(2), walker.translate(VA));
        assertEquals(0, between.left, "loads before the change");
      }
    }
  }

  /** Has an entry changed between the two loads that one who loads its halves makes. */
  private static final class Between extends ForwardingSteps {
    private Runnable change = () -> {};
    private long entryAt;
    private int left = 2;

    Between() {
      super(Steps.NONE);
    }

    @Override
    public void entry(Kind kind, long hostAddr) {
      if (entryAt != 0 && hostAddr == entryAt && left > 0 && --left == 0) {
        change.run();
      }
    }
  }

  /** Looks once as hardware does and once through the walker; how often a mapping was there. */
  private static int whole(MemorySegment entry, TableWalker walker) {
    long raw = (long) LONGS.getOpaque(entry, 0L);
    boolean valid = (raw & 1) != 0;
    if (valid) {
      long low = raw >>> 12 & 0xfffff;
      assertEquals(low, raw >>> 32 & 0xfffff, () -> "entry 0x%016x".formatted(raw));
    }
    long physAddr = walker.translate(VA);
    if (physAddr != TableWalker.NOT_MAPPED) {
      assertEquals(physAddr((int) (physAddr >>> 32)), physAddr, "translate mixes two mappings");
    }
    return valid ? 1 : 0;
  }

  private static void map(PageTable table, long va, long physAddr) {
    try (MmuGather gather = table.gather(request -> {})) {
      table.map(va, physAddr, 4096, Protection.PAGE_READONLY, gather);
      gather.flush();
    }
  }

  private static void unmap(PageTable table) {
    try (MmuGather gather = table.gather(request -> {})) {
      table.unmap(VA, 4096, gather);
      gather.flush();
    }
  }
}
