package org.mmport.arch.ppc64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.HashWalk;
import org.mmport.pgtable.HashedPageTable;
import org.mmport.pgtable.HashedTree;
import org.mmport.spi.HashEntry;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Rights;

/**
 * Page sizes, one at a time and mixed. L and LP are those that firmware gives Linux in {@code
 * ibm,segment-page-sizes} on POWER7 to POWER9; the same are in QEMU's {@code
 * ppc_hash64_opts_POWER7}, target/ppc/mmu-hash64.c.
 */
class Ppc64PageSizesTest {
  private static final MmuVariant HASH_64K = variant("ppc64/hash-64k");

  /** Ks, Kp; L and LP are in 0x130. */
  private static final long USER = 0xc00;

  private static MmuVariant variant(String id) {
    return new Ppc64Architecture()
        .variants().stream().filter(v -> v.id().equals(id)).findFirst().orElseThrow();
  }

  private static HashMmu mmu() {
    return HASH_64K.segmentMap().hashMmu().orElseThrow();
  }

  /** ESID and V; VSID at bit 12 of the other word: {@code slbmte}. */
  private static HashSegment segment(long va, long vsid, long llp) {
    return mmu().slbSegment(va | 1L << 27, vsid << 12 | USER | llp).orElseThrow();
  }

  /**
   * The frame is 0x7fc00000000, PP 2, R, C, M and no N: 0x192; LP stands from bit 12 on, so that
   * 0x38 is 0x38000. Entries of 4 KiB have no L (4 in the tag).
   */
  @ParameterizedTest
  @CsvSource({
    "0x000, 12, 12, 0x7fc00000192, 0",
    "0x000, 12, 16, 0x7fc00007192, 4",
    "0x000, 12, 24, 0x7fc00038192, 4",
    "0x110, 16, 16, 0x7fc00001192, 4",
    "0x110, 16, 24, 0x7fc00008192, 4",
    "0x100, 24, 24, 0x7fc00000192, 4",
    "0x120, 34, 34, 0x7fc00003192, 4"
  })
  void encodings(String llp, int base, int shift, String data, long large) {
    HashSegment segment = segment(0x20000000, 0x123456789L, Long.decode(llp));
    assertEquals(base, segment.pageShift());
    long raw = 0xc0000000000001_87L | 0x7fc00000000L;
    HashEntry entry = mmu().encode(segment, 0x20000000, raw, Level.PTE, shift, 0);
    assertEquals(Long.decode(data), entry.data());
    assertEquals(large, entry.tag() & 4);
    assertEquals(shift, mmu().shift(entry, segment));
  }

  @Test
  void sizesThatNoSegmentHasAreRefused() {
    HashSegment segment = segment(0x20000000, 1, 0x110);
    InvalidRequestException refusal =
        assertThrows(
            InvalidRequestException.class,
            () -> mmu().encode(segment, 0x20000000, 0xc000000000000187L, Level.PTE, 34, 0));
    assertTrue(refusal.toString().contains("page of 2^34 bytes in a segment of 2^16"));
    assertFalse(mmu().slbSegment(0x28000000, USER | 0x130).isPresent());
    assertFalse(mmu().slbSegment(0x20000000, USER | 0x110).isPresent());
  }

  /**
   * hash-64k as a process with hugetlb has it: 64 KiB pages in the first segment, 16 MiB pages in
   * the second, of which the leaf is one of the level PMD, and 64 KiB pages among 4 KiB ones in a
   * third.
   */
  @Test
  void sizesLiveInOneAddressSpace() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(1 << 20)) {
      HashedPageTable table = HashedPageTable.over(memory, new HashMmu.Table(mmu(), 0, 2048));
      HashedTree tree = new HashedTree(memory, HASH_64K, table);
      HashSegment small = segment(0x10000000, 0x111, 0x110);
      HashSegment large = segment(0x20000000, 0x222, 0x100);
      HashSegment mixed = segment(0x30000000, 0x333, 0);
      long ptes = 1 << 18;
      long pmds = (1 << 18) + 16384;
      put(memory, ptes + 8, 0xc000000012340186L);
      put(memory, pmds + 16, 0xc000000041000107L);
      put(memory, ptes + 24, 0xc000000056780105L);
      HashedTree.Leaf one = new HashedTree.Leaf(small, 0x10010000, ptes + 8, Level.PTE, 16);
      HashedTree.Leaf two = new HashedTree.Leaf(large, 0x22000000, pmds + 16, Level.PMD, 24);
      HashedTree.Leaf three = new HashedTree.Leaf(mixed, 0x30035000, ptes + 24, Level.PTE, 16);
      assertTrue(tree.fault(one, Rights.USER_WRITE));
      assertTrue(tree.fault(two, Rights.USER_READ));
      assertTrue(tree.fault(three, Rights.USER_EXEC));

      List<HashSegment> slb = List.of(small, large, mixed);
      assertMapped(0x12340abcL, 16, Rights.USER_WRITE, table.walk(slb, 0x10010abc));
      assertMapped(0x41abcdefL, 24, Rights.USER_EXEC, table.walk(slb, 0x22abcdef));
      assertMapped(0x56785123L, 16, Rights.USER_READ, table.walk(slb, 0x30035123));
      // Of a page in a segment with a smaller base size, each base page is hashed by itself.
      assertTrue(table.walk(slb, 0x30036123) instanceof HashWalk.NotHashed);
      assertTrue(table.walk(slb, 0x23000000) instanceof HashWalk.NotHashed);

      // Tag: vsid << 28 | offset, >> 23 << 7; group: vsid ^ page number in the segment.
      HashEntry entry = table.find(large, 0x22000000).orElseThrow().entry();
      assertEquals((0x2222000000L >> 23 & ~1) << 7 | 5, entry.tag());
      assertEquals(0x41000113L, entry.data());
      assertEquals((0x222 ^ 2) * 8, table.find(large, 0x22000000).orElseThrow().index());

      // Slot 0 of the primary group is noted as 1 behind the entries: 1024 of 8 bytes at PMD.
      assertEquals(1, get(memory, pmds + 16 + 8192));
      assertEquals(0, get(memory, pmds + 16 + 2048));
      assertEquals(1, get(memory, ptes + 8 + 2048));
      assertEquals(0xc080000041000107L, get(memory, pmds + 16));

      tree.replace(two, 0);
      assertTrue(table.walk(slb, 0x22abcdef) instanceof HashWalk.NotHashed);
      assertMapped(0x12340abcL, 16, Rights.USER_WRITE, table.walk(slb, 0x10010abc));
    }
  }

  /** What is left of a segment that was made of other pages before is not found. */
  @Test
  void entriesOfAnotherBaseSizeDoNotMatch() {
    HashSegment small = segment(0x10000000, 0x111, 0x110);
    HashSegment large = segment(0x10000000, 0x111, 0x100);
    HashEntry entry = mmu().encode(small, 0x10000000, 0xc000000012340186L, Level.PTE, 16, 0);
    assertTrue(mmu().matches(entry, small, 0x10000000, 0));
    assertFalse(mmu().matches(entry, large, 0x10000000, 0));
  }

  private static void assertMapped(long physAddr, int shift, int right, HashWalk walk) {
    HashWalk.Mapped mapped = (HashWalk.Mapped) walk;
    assertEquals(physAddr, mapped.physAddr());
    assertEquals(1L << shift, mapped.sizeBytes());
    assertEquals(right, mapped.rights() & right);
  }

  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private static void put(PhysicalMemory memory, long physAddr, long value) {
    memory.slice(physAddr, 8).set(WORD, 0, value);
  }

  private static long get(PhysicalMemory memory, long physAddr) {
    return memory.slice(physAddr, 8).get(WORD, 0);
  }
}
