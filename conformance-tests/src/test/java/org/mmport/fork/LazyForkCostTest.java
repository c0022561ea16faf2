package org.mmport.fork;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mmport.conformance.ConformanceSuite;
import org.mmport.cpu.Access;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.MmSystem;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.VmaRights;
import org.mmport.pgtable.TableCounts;
import org.mmport.scenario.EntryCounts;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/**
 * What forks of a process of 1 GiB take. It has read its pages and written none: that needs all its
 * tables and next to no memory.
 */
class LazyForkCostTest {
  private static final long GIB = 1L << 30;
  private static final long TABLE_BYTES = 2L << 20;

  /** A machine with such a process. */
  private static final class Machine implements AutoCloseable {
    private final PhysicalMemory memory;
    private final EntryCounts counts;
    private final MmSystem system;
    private final AddressSpace process;

    /** Reads a page of each {@code strideBytes}. */
    Machine(String id, long strideBytes) {
      MmuVariant variant =
          ConformanceSuite.variants().stream()
              .filter(each -> each.id().equals(id))
              .findFirst()
              .orElseThrow();
      int pageShift = variant.geometry().pageShift();
      counts = new EntryCounts(variant);
      memory = PhysicalMemory.ofSize(1L << 14 << pageShift, counts);
      system = new MmSystem(variant, FrameAllocator.singleNode(memory, pageShift), 1);
      process = system.create();
      long va = process.mmap(MmapRequest.anonymous(GIB, VmaRights.READ_WRITE).at(GIB));
      for (long at = va; at < va + GIB; at += strideBytes) {
        assertTrue(process.fault(at, Access.USER_READ).isResolved());
      }
    }

    /** Entries read and written by a fork. */
    long entries(ForkStrategy way) {
      long before = counts.softwareReads() + counts.softwareWrites();
      process.fork(way);
      return counts.softwareReads() + counts.softwareWrites() - before;
    }

    /** Tables made by a fork. */
    long tables(ForkStrategy way) {
      long before = system.tablesInUse();
      process.fork(way);
      return system.tablesInUse() - before;
    }

    @Override
    public void close() {
      memory.close();
    }
  }

  /** T1: 512 PTE tables below one PMD table, one PUD table and the root. */
  @ParameterizedTest
  @CsvSource({"eager, 515", "batched, 515", "lazy, 3", "lazy-pmd, 2", "lazy-all, 1"})
  void tablesOfEachWay(String way, long tables) {
    try (Machine machine = new Machine("x86_64/4level", TABLE_BYTES)) {
      assertEquals(tables, machine.tables(ForkStrategies.named(way)));
      TableCounts childs = machine.system.spaces().getLast().counters().tables();
      assertEquals(
          List.of(1, 1, 512),
          List.of(childs.of(Level.PUD), childs.of(Level.PMD), childs.of(Level.PTE)));
    }
  }

  /** T3, in counts: at least 65 times fewer entries than an eager fork reads and writes. */
  @Test
  void entriesOfALazyFork() {
    try (Machine machine = new Machine("x86_64/4level", 4096)) {
      long eager = machine.entries(ForkStrategy.EAGER);
      assertTrue(eager >= 2 * GIB / 4096, "an eager fork touches " + eager);
      for (ForkStrategy way : List.of(LazyCopy.PTE_TABLES, LazyCopy.PMD_TABLES)) {
        long lazy = machine.entries(way);
        assertTrue(lazy * 65 <= eager, way.name() + " touches " + lazy + " beside " + eager);
      }
    }
  }

  /**
   * T2: where entries above cannot forbid writing, every leaf is looked at when a table comes to be
   * shared, and no leaf of it is by any later fork.
   */
  @Test
  void laterForksOfSharedTables() {
    long few = laterFork(TABLE_BYTES);
    long all = laterFork(4096);
    assertEquals(
        few, all, "entries that a later fork touches must not depend on how many there are");
  }

  private static long laterFork(long strideBytes) {
    try (Machine machine = new Machine("ppc64/radix-4k", strideBytes)) {
      long first = machine.entries(LazyCopy.PTE_TABLES);
      assertTrue(first >= GIB / 4096, "the first fork touches " + first);
      long second = machine.entries(LazyCopy.PTE_TABLES);
      assertEquals(second, machine.entries(LazyCopy.PTE_TABLES));
      assertTrue(second * 10 < first, second + " entries after " + first);
      return second;
    }
  }

  /**
   * T4: a table that was protected when it was copied before is copied with one look at each entry
   * in use, and one store to the copy.
   */
  @Test
  void copiesOfATableThatNobodyWroteToSince() {
    List<Long> few = copyOfATable(8);
    List<Long> more = copyOfATable(64);
    assertEquals(
        List.of(56L, 56L),
        List.of(more.getFirst() - few.getFirst(), more.getLast() - few.getLast()),
        "entries read and written for 56 pages more");
  }

  /** Entries read and written by the write fault that copies a table with so many pages. */
  private static List<Long> copyOfATable(int pages) {
    try (Machine machine = new Machine("x86_64/4level", GIB)) {
      AddressSpace process = machine.process;
      for (int i = 0; i < pages; i++) {
        assertTrue(process.fault(GIB + i * 4096L, Access.USER_WRITE).isResolved());
      }
      process.fork(LazyCopy.PTE_TABLES).fault(GIB, Access.USER_WRITE);
      AddressSpace child = process.fork(LazyCopy.PTE_TABLES);
      EntryCounts counts = machine.counts;
      long reads = counts.softwareReads();
      long writes = counts.softwareWrites();
      assertTrue(child.fault(GIB, Access.USER_WRITE).isResolved());
      return List.of(counts.softwareReads() - reads, counts.softwareWrites() - writes);
    }
  }
}
