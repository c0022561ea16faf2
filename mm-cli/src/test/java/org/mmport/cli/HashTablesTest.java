package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.HashWalk;
import org.mmport.pgtable.HashedPageTable;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/** A hash table is listed by address, and held one segment at a time. */
class HashTablesTest {
  private static final int GROUPS = 4096;

  private static final MmuVariant VARIANT =
      Ports.architectures().stream()
          .flatMap(port -> port.variants().stream())
          .filter(variant -> variant.id().equals("ppc64/hash-4k"))
          .findFirst()
          .orElseThrow();

  private static final HashMmu MMU = VARIANT.segmentMap().hashMmu().orElseThrow();

  private final PhysicalMemory memory = PhysicalMemory.ofSize(GROUPS * 128L);
  private final HashedPageTable filled =
      HashedPageTable.over(memory, new HashMmu.Table(MMU, 0, GROUPS));

  @AfterEach
  void close() {
    memory.close();
  }

  /** {@code slbmte}: V is 0x8000000, Ks and Kp 0xc00, pages of 4K, or of 64K with 0x110. */
  private static HashSegment segment(long va, long vsid, long sizes) {
    return MMU.slbSegment(va | 0x8000000L, vsid << 12 | 0xc00 | sizes).orElseThrow();
  }

  /**
   * 1T segments are those whose upper two bits of the VSID word are 01, with the VSID at bit 24.
   */
  private static HashSegment large(long va, long vsid) {
    return MMU.slbSegment(va | 0x8000000L, 1L << 62 | vsid << 24 | 0xc00).orElseThrow();
  }

  private void hash(HashSegment segment, long va, long physAddr, int shift) {
    filled.insert(segment, va, 0xc000000000000187L | physAddr, Level.PTE, shift);
  }

  private HashTables tables(HashMmu mmu, HashSegment... segments) {
    HashMmu.Table place = new HashMmu.Table(mmu, 0, GROUPS);
    return new HashTables(VARIANT, place, HashedPageTable.over(memory, place), List.of(segments));
  }

  /** Calls the MMU of the port, and tells of each look for an entry's address in a segment. */
  private static HashMmu watched(Consumer<HashSegment> looks) {
    return (HashMmu)
        Proxy.newProxyInstance(
            HashMmu.class.getClassLoader(),
            new Class<?>[] {HashMmu.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("va")) {
                looks.accept((HashSegment) arguments[1]);
              }
              try {
                return method.invoke(MMU, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  void pagesOfOneSegmentAreGivenBeforeTheNextOneIsLookedThrough() {
    HashSegment high = segment(0xc000000030000000L, 7, 0);
    HashSegment low = segment(0x10000000L, 0x123, 0);
    Map<Long, Long> expected = new TreeMap<>(Long::compareUnsigned);
    List<Long> pages = new ArrayList<>();
    for (long page = 0; page < 3000; page++) {
      pages.add(page * 5);
    }
    Collections.shuffle(pages, new Random(42));
    for (long page : pages) {
      for (HashSegment segment : List.of(high, low)) {
        hash(segment, segment.firstVa() + page * 4096, page << 13, 12);
        expected.put(segment.firstVa() + page * 4096, page << 13);
      }
    }
    hash(segment(0x20000000L, 0x99, 0), 0x20000000L, 0, 12);

    Map<HashSegment, Integer> givenAtFirstLook = new HashMap<>();
    List<Long> given = new ArrayList<>();
    List<Long> physAddrs = new ArrayList<>();
    HashTables tables =
        tables(watched(s -> givenAtFirstLook.putIfAbsent(s, given.size())), high, low);
    HashTables.Summary summary =
        tables.visit(
            (va, facts) -> {
              given.add(va);
              physAddrs.add(facts.physAddr());
            });

    assertEquals(List.copyOf(expected.keySet()), given);
    assertEquals(List.copyOf(expected.values()), physAddrs);
    assertEquals(0, givenAtFirstLook.get(low));
    assertEquals(3000, givenAtFirstLook.get(high), "leaves given when the next one is looked at");
    assertEquals(new HashTables.Summary(6001, 1), summary);
  }

  @Test
  void piecesOfALargePageAreOneLeaf() {
    HashSegment segment = segment(0x10000000L, 0x123, 0x110);
    for (int piece : new int[] {200, 3, 77}) {
      hash(segment, 0x11000000L + piece * 0x10000L, 0x5000000, 24);
    }
    hash(segment, 0x10ff0000L, 0x20000, 16);
    hash(segment, 0x12000000L, 0x30000, 16);
    List<String> given = new ArrayList<>();
    HashTables.Summary summary =
        tables(MMU, segment)
            .visit(
                (va, facts) ->
                    given.add("%x %x %x".formatted(va, facts.physAddr(), facts.sizeBytes())));
    assertEquals(
        List.of("10ff0000 20000 10000", "11000000 5000000 1000000", "12000000 30000 10000"), given);
    assertEquals(new HashTables.Summary(5, 0), summary);
  }

  /** The MMU stops at the first, so nothing else is listed. */
  @Test
  void ofEntriesOfOnePageTheFirstIsListed() {
    HashSegment segment = segment(0x10000000L, 0x123, 0x110);
    hash(segment, 0x11050000L, 0x70000, 16);
    hash(segment, 0x11050000L, 0x5000000, 24);
    List<String> given = new ArrayList<>();
    HashTables.Summary summary =
        tables(MMU, segment)
            .visit((va, facts) -> given.add("%x %x".formatted(va, facts.physAddr())));
    assertEquals(List.of("11050000 70000"), given);
    assertEquals(new HashTables.Summary(2, 0), summary);
  }

  /** Where two segments hold an address the first of them counts, as it does for one address. */
  @Test
  void whatIsListedIsWhatIsTranslated() {
    HashSegment small = segment(0x8030000000L, 0x123, 0);
    HashSegment around = large(0, 0x77);
    HashSegment again = segment(0x8030000000L, 0x123, 0);
    HashSegment hidden = segment(0x8030000000L, 0x55, 0);
    for (long va = 0x802fffe000L; va <= 0x8030003000L; va += 4096) {
      hash(around, va, va & 0xffff000, 12);
      if (small.contains(va)) {
        hash(small, va, (va & 0xffff000) | 0x10000000, 12);
        hash(hidden, va, (va & 0xffff000) | 0x20000000, 12);
      }
    }
    hash(around, 0x8040000000L, 0x1000, 12);
    HashTables tables = tables(MMU, small, around, again, hidden);
    Map<Long, Long> given = new TreeMap<>();
    List<Long> order = new ArrayList<>();
    HashTables.Summary summary =
        tables.visit(
            (va, facts) -> {
              given.put(va, facts.physAddr());
              order.add(va);
            });
    assertEquals(
        List.of(
            0x802fffe000L,
            0x802ffff000L,
            0x8030000000L,
            0x8030001000L,
            0x8030002000L,
            0x8030003000L,
            0x8040000000L),
        order);
    assertEquals(0x10001000L, given.get(0x8030001000L));
    given.forEach(
        (va, physAddr) ->
            assertEquals(
                physAddr,
                assertInstanceOf(HashWalk.Mapped.class, tables.table().walk(tables.segments(), va))
                    .physAddr()));
    assertEquals(new HashTables.Summary(15, 0), summary);
  }
}
