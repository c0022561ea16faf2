package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.PteTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/**
 * Runs of entries that are stored in halves are stored a half of all at a time. Nobody who is told
 * of each store comes by that, so here a thread is the MMU of another CPU: an entry that it finds
 * valid is whole, whoever makes or empties it.
 */
class SplitStoresTest {
  private static final int ROUNDS = 200_000;
  private static final long MOST_NANOS = 1_500_000_000L;

  /** All of a table but its last entry, which keeps it. */
  private static final int PAGES = 511;

  private static final long VA = 0x40000000L;

  /**
   * Above 4 GiB, so that no half of an entry is 0; and so that the last pages have another half.
   */
  private static final long PHYS_ADDR = 0x2_0000_0000L - 100 * 4096;

  private static final VarHandle LONGS = ValueLayout.JAVA_LONG.varHandle();

  private final PhysicalMemory memory = PhysicalMemory.ofSize(16L << 20);
  private final FrameAllocator frames = FrameAllocator.singleNode(memory, 12);
  private final PageTable pages =
      PageTable.create(new TableSpace(Breaker.good("x86/pae"), frames, 0), TableOwner.USER);
  private final MmuGather gather = pages.gather(request -> {});
  private final PteTable table = pages.pteTableAlloc(VA, gather);

  @AfterEach
  void close() {
    gather.flush();
    gather.close();
    pages.close();
    memory.close();
  }

  @Test
  void whatIsValidIsWhole() throws InterruptedException {
    assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "nobody beside on one CPU");
    MemorySegment entries = memory.slice(table.tableAddr(), PAGES * Long.BYTES);
    long bytes = PAGES * 4096L;
    pages.map(VA + bytes, 0, 4096, Protection.PAGE_SHARED, gather);
    pages.map(VA, PHYS_ADDR, bytes, Protection.PAGE_SHARED, gather);
    long[] whole = new long[PAGES];
    for (int i = 0; i < PAGES; i++) {
      whole[i] = (long) LONGS.getVolatile(entries, i * (long) Long.BYTES);
      assertEquals(PHYS_ADDR + i * 4096L, whole[i] & 0x7_ffff_ffff_f000L, "what is to be found");
    }
    AtomicBoolean stop = new AtomicBoolean();
    AtomicLong found = new AtomicLong();
    AtomicLong torn = new AtomicLong();
    Thread mmu = new Thread(() -> look(entries, whole, stop, found, torn));
    mmu.start();
    long until = System.nanoTime() + MOST_NANOS;
    for (int i = 0; i < ROUNDS && System.nanoTime() < until; i++) {
      pages.unmap(VA, bytes, gather);
      pages.map(VA, PHYS_ADDR, bytes, Protection.PAGE_SHARED, gather);
    }
    stop.set(true);
    mmu.join();
    assertTrue(found.get() > 0, "the other thread never found a valid entry");
    assertEquals(0, torn.get(), "of " + found + " valid entries");
  }

  /** Looks at one entry after the other, each time from another one on. */
  private static void look(
      MemorySegment entries, long[] whole, AtomicBoolean stop, AtomicLong found, AtomicLong torn) {
    for (int i = 0; !stop.get(); i = (i + 7) % PAGES) {
      long raw = (long) LONGS.getVolatile(entries, i * (long) Long.BYTES);
      boolean valid = (raw & 1) != 0;
      found.addAndGet(valid ? 1 : 0);
      torn.addAndGet(valid && raw != whole[i] ? 1 : 0);
    }
  }

  /**
   * Of leaves that nobody may use the other half goes first. Their address bits are inverted, so
   * they count down (arch/x86/include/asm/pgtable-invert.h).
   */
  @Test
  void entriesAreAsOneByOne() {
    long leaf =
        Breaker.good("x86/pae")
            .format()
            .mkLeaf(
                PHYS_ADDR,
                Breaker.good("x86/pae").format().pgprot(Protection.PAGE_NONE),
                Level.PTE);
    table.set(0, PAGES, leaf);
    for (int i = 0; i < PAGES; i++) {
      assertEquals(leaf - i * 4096L, table.get(i), "entry " + i);
    }
    table.clear(0, PAGES);
    for (int i = 0; i < PAGES; i++) {
      assertEquals(0, table.get(i), "entry " + i);
    }
  }
}
