package org.mmport.conformance;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.NumaNode;
import org.mmport.machine.NumaTopology;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/** Tables that follow each other come to be shared together, as far as there is memory. */
class ShareTablesTest {
  private static final long GIB = 1L << 30;
  private static final long VA = 4 * GIB;
  private static final long MEMORY_BYTES = 16L << 20;

  private final AtomicInteger permitted = new AtomicInteger(Integer.MAX_VALUE);
  private final PhysicalMemory memory = PhysicalMemory.ofSize(MEMORY_BYTES);
  private final FrameAllocator frames =
      new FrameAllocator(
          memory,
          12,
          NumaTopology.uniform(List.of(new NumaNode(0, 0, MEMORY_BYTES))),
          (order, node) -> permitted.getAndDecrement() > 0);
  private final TableSpace space = new TableSpace(Breaker.good("x86_64/4level"), frames, 0);
  private final PageTable parent = PageTable.create(space, TableOwner.USER);
  private final PageTable child = PageTable.create(space, TableOwner.USER);
  private final MmuGather parents = parent.gather(request -> {});
  private final MmuGather childs = child.gather(request -> {});

  /** A page in each of three GiB, the first of which has two tables of the last level. */
  ShareTablesTest() {
    for (long va : List.of(VA, VA + (2L << 20), VA + GIB, VA + 2 * GIB)) {
      parent.map(va, va, 4096, Protection.PAGE_SHARED, parents);
    }
  }

  @AfterEach
  void close() {
    parents.flush();
    childs.flush();
    parents.close();
    childs.close();
    child.close();
    parent.close();
    assertEquals(0, frames.allocatedFrames(), "all tables are gone");
    memory.close();
  }

  private int share() {
    return parent.shareTables(child, Level.PTE, VA, 3 * GIB, parents, childs);
  }

  @Test
  void allThatServeTheRange() {
    assertEquals(4, share());
    assertEquals(4, space.sharingCounts().shared());
    assertEquals(4, child.tableCounts().of(Level.PTE));
    assertEquals(parent.tableCounts(), child.tableCounts());
    assertEquals(VA + 2 * GIB + 5, child.translate(VA + 2 * GIB + 5));
  }

  @Test
  void thoseBeforeTheOneThatThereIsNoMemoryForAreCounted() {
    // A PUD table and a PMD table: enough for the first GiB.
    permitted.set(2);
    assertThrows(OutOfFramesException.class, this::share);
    assertEquals(2, space.sharingCounts().shared());
    assertEquals(2, child.tableCounts().of(Level.PTE));
    assertEquals(1, child.tableCounts().of(Level.PMD));
    assertEquals(VA + 5, child.translate(VA + 5));
  }

  @Test
  void noTableOfALevelThatNoEntryLeadsTo() {
    for (Level level : List.of(Level.PGD, Level.P4D)) {
      InvalidRequestException e =
          assertThrows(
              InvalidRequestException.class,
              () -> parent.shareTables(child, level, VA, 3 * GIB, parents, childs));
      assertTrue(String.valueOf(e.getMessage()).startsWith("level " + level + ": "));
    }
    assertEquals(0, space.sharingCounts().shared());
  }

  /** An entry that leads nowhere: what was left before it is counted, and no more than that. */
  @Test
  void tablesLeftBeforeABrokenOneAreCounted() {
    share();
    long second = tableAt(child.root(0), VA, 39, 30) + (((VA + (2L << 20)) >> 21) & 511) * 8;
    long good = memory.mainExtent().bytes().get(JAVA_LONG, second);
    memory.mainExtent().bytes().set(JAVA_LONG, second, (MEMORY_BYTES - 4096) | (good & 0xfff));
    assertThrows(
        InvalidRequestException.class, () -> child.dropShared(VA, 3 * GIB, VA, 3 * GIB, childs));
    assertEquals(1, space.sharingCounts().dropped());
    assertEquals(3, child.tableCounts().of(Level.PTE));
    memory.mainExtent().bytes().set(JAVA_LONG, second, good);
  }

  /** Where the table is that entries at these shifts lead to, of an x86_64 root. */
  private long tableAt(long root, long va, int... shifts) {
    long table = root;
    for (int shift : shifts) {
      long raw = memory.mainExtent().bytes().get(JAVA_LONG, table + ((va >> shift) & 511) * 8);
      table = raw & 0x000f_ffff_ffff_f000L;
    }
    return table;
  }
}
