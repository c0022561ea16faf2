package org.mmport.arch.ppc64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.RamView;
import org.mmport.spi.MemoryView;
import org.mmport.spi.Registers;
import org.mmport.spi.RootFinder;
import org.mmport.spi.RootLookup;

/**
 * A machine as radix Linux leaves it: partition table, process table, a kernel's tree that maps the
 * linear map's first 1 GiB to address 0, and a user's tree of 64 KiB pages. Entries by hand from
 * Power ISA 3.0B Book III, 5.7.6 and 5.7.10: RTS 0b10101 in bits 62:61 and 7:5 is 52 bits, RPDS 13.
 */
class Ppc64RootsTest {
  private static final long TREE = 0x40000000000000adL;
  private static final long PARTITION = 0x1000;
  private static final long PROCESS = 0x3000;
  private static final long KERNEL = 0x10000;
  private static final long USER = 0x20000;
  private static final long KERNEL_PUD = 0x4000;
  private static final long USER_PUD = 0x5000;
  private static final long USER_PMD = 0x6000;
  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private final RootFinder roots64k = finder("ppc64/radix-64k");
  private final RootFinder roots4k = finder("ppc64/radix-4k");
  private PhysicalMemory memory;

  private static RootFinder finder(String id) {
    return new Ppc64Architecture()
        .variants().stream()
            .filter(variant -> variant.id().equals(id))
            .findFirst()
            .orElseThrow()
            .rootFinder();
  }

  @BeforeEach
  void machine() {
    memory = PhysicalMemory.ofSize(1 << 20);
    // LPID 0: the second doubleword points at the process table.
    put(PARTITION + 8, 0x8000000000000000L | PROCESS);
    put(PROCESS, TREE | KERNEL);
    put(PROCESS + 16 * 7, TREE | USER);
    put(KERNEL, 0x8000000000000009L | KERNEL_PUD);
    put(KERNEL_PUD, 0xc00000000000018fL);
    put(USER, 0x8000000000000009L | USER_PUD);
    put(USER_PUD, 0x8000000000000009L | USER_PMD);
    put(USER_PMD, 0x8000000000000005L | 0x7000);
  }

  @AfterEach
  void close() {
    memory.close();
  }

  @Test
  void theProcessTableIsNamedOrFound() {
    RootLookup expected = new RootLookup.Found(List.of(USER, KERNEL));
    assertEquals(expected, find(roots64k, Map.of("pid", 7L, "prtb", PROCESS)));
    assertEquals(expected, find(roots64k, Map.of("pid", 7L, "ptcr", PARTITION)));
    assertEquals(expected, find(roots64k, Map.of("pid", 7L)));
  }

  @Test
  void anotherPartitionHasAnotherTable() {
    put(PARTITION + 16 * 2 + 8, 0x8000000000000000L | 0x8000);
    put(0x8000, TREE | 0x30000);
    put(0x8000 + 16 * 7, TREE | USER);
    Map<String, Long> registers = Map.of("pid", 7L, "ptcr", PARTITION, "lpidr", 2L);
    assertEquals(new RootLookup.Found(List.of(USER, 0x30000L)), find(roots64k, registers));
  }

  @Test
  void pidZeroIsTheKernel() {
    assertEquals(new RootLookup.Found(List.of(KERNEL, KERNEL)), find(roots64k, Map.of("pid", 0L)));
  }

  @Test
  void thePageSizeIsTheTreesOwn() {
    assertNot("its PTE tables have 5 index bits", find(roots4k, Map.of("pid", 7L)));
    put(USER_PMD, 0x8000000000000009L | 0x7000);
    assertNot("its PTE tables have 9 index bits", find(roots64k, Map.of("pid", 7L)));
    assertEquals(new RootLookup.Found(List.of(USER, KERNEL)), find(roots4k, Map.of("pid", 7L)));
  }

  @Test
  void hashedIsNotSelected() {
    assertNot("LPCR[HR] is 0: hashed", find(roots64k, Map.of("pid", 7L, "lpcr", 0L)));
    Map<String, Long> radix = Map.of("pid", 7L, "lpcr", 1L << 20);
    assertInstanceOf(RootLookup.Found.class, find(roots64k, radix));
  }

  @Test
  void moreThanOneTableIsRefused() {
    put(0x9000, TREE | KERNEL);
    assertNot(
        "process tables found: [3000, 9000]; name one with prtb",
        find(roots64k, Map.of("pid", 7L)));
  }

  @Test
  void whatDoesNotStartLikeLinuxIsNoTable() {
    put(KERNEL_PUD, 0xc00000004000018fL);
    assertNot("process tables found: []; name one with prtb", find(roots64k, Map.of("pid", 7L)));
    put(KERNEL_PUD, 0);
    assertNot("process tables found: []; name one with prtb", find(roots64k, Map.of("pid", 7L)));
  }

  @Test
  void aTableOfFewerBitsIsNotLinuxs() {
    put(PROCESS, 0x40000000000000acL | KERNEL);
    assertNot("process tables found: []; name one with prtb", find(roots64k, Map.of("pid", 7L)));
    assertNot("no tree for pid 7 at 0x3000", find(roots64k, Map.of("pid", 7L, "prtb", PROCESS)));
  }

  @Test
  void withoutAProcessThereIsAQuestion() {
    assertNot(
        "process table at 0x3000, but which pid? 0 is the kernel's", find(roots64k, Map.of()));
    assertNot("no tree for pid 8 at 0x3000", find(roots64k, Map.of("pid", 8L)));
  }

  @Test
  void withoutMemoryThereIsNothing() {
    assertNot(
        "no tree for pid 7 at 0x3000",
        roots64k.find(new Registers(Map.of("pid", 7L, "prtb", PROCESS))));
    assertNot("process tables found: []", roots64k.find(new Registers(Map.of("pid", 7L))));
  }

  private RootLookup find(RootFinder roots, Map<String, Long> registers) {
    return roots.find(new Registers(new TreeMap<>(registers)), new RamView(memory));
  }

  private static void assertNot(String why, RootLookup lookup) {
    String found = assertInstanceOf(RootLookup.NotSelected.class, lookup).why();
    assertTrue(found.startsWith(why), found);
  }

  private void put(long physAddr, long value) {
    memory.slice(physAddr, 8).set(WORD, 0, value);
  }

  /** Every entry of the root points at the root: 2^31 ways down. */
  @Test
  void treesThatContainThemselvesAreLookedAtForAWhileOnly() {
    for (int i = 0; i < 1 << 13; i++) {
      put(USER + 8L * i, 0x8000000000000009L | USER);
    }
    long[] loads = new long[1];
    RamView ram = new RamView(memory);
    MemoryView counted =
        new MemoryView() {
          @Override
          public OptionalLong load(long physAddr, ByteOrder order) {
            loads[0]++;
            return ram.load(physAddr, order);
          }

          @Override
          public LongStream aligned(long stepBytes) {
            return ram.aligned(stepBytes);
          }
        };
    roots64k.find(new Registers(Map.of("prtb", PROCESS, "pid", 7L)), counted);
    assertTrue(loads[0] < 1 << 20, loads[0] + " loads");
  }
}
