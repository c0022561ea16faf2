package org.mmport.arch.ppc64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.mmport.pgtable.TableWalker.NOT_MAPPED;

import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.HashedPageTable;
import org.mmport.spi.HashMmu;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;

/** Looking up pages of which it is known where they went. */
class Ppc64HashLookupTest {
  private static final long GROUPS = 1 << 11;
  private static final long TABLE_BYTES = GROUPS * 8 * HashMmu.ENTRY_BYTES;
  private static final long FIRST_VA = 1L << 43;
  private static final int PAGES = 24;

  private static MmuVariant variant(String id) {
    return new Ppc64Architecture()
        .variants().stream().filter(v -> v.id().equals(id)).findFirst().orElseThrow();
  }

  /** With 64 KiB in segments of 256 MiB no more than two pages have a group in common. */
  @ParameterizedTest
  @CsvSource({
    "ppc64/hash-4k, 8",
    "ppc64/hash-64k, 8",
    "ppc64/hash-4k-2006, 8",
    "ppc64/hash-64k-2006, 0"
  })
  void translates(String id, int inSecondary) {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(TABLE_BYTES)) {
      assertEquals(inSecondary, lookUp(variant(id), memory));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ppc64/hash-4k", "ppc64/hash-64k"})
  void translatesInATableThatLiesInTwoExtents(String id) {
    Arena arena = Arena.ofShared();
    long half = TABLE_BYTES / 2;
    List<PhysicalMemory.Extent> halves =
        List.of(
            new PhysicalMemory.Extent(0, arena.allocate(half, Long.BYTES)),
            new PhysicalMemory.Extent(half, arena.allocate(half, Long.BYTES)));
    try (PhysicalMemory memory = PhysicalMemory.ofExtents(halves, arena)) {
      assertEquals(8, lookUp(variant(id), memory));
    }
  }

  /** Hashes 24 pages into two groups and finds them; says how many went by the second hash. */
  private static int lookUp(MmuVariant variant, PhysicalMemory memory) {
    HashMmu mmu = variant.segmentMap().hashMmu().orElseThrow();
    HashedPageTable table = HashedPageTable.over(memory, new HashMmu.Table(mmu, 0, GROUPS));
    int shift = variant.geometry().pageShift();
    long pgprot = variant.format().pgprot(Protection.PAGE_SHARED);
    int inSecondary = 0;
    for (int i = 0; i < PAGES; i++) {
      long va = page(i) << shift | FIRST_VA;
      long raw = variant.format().mkLeaf(frame(i) << shift, pgprot, Level.PTE);
      inSecondary += table.insert(mmu.segment(7, va), va, raw, Level.PTE, shift).slot().which();
    }
    for (int i = 0; i < PAGES; i++) {
      long va = page(i) << shift | FIRST_VA | 0x678;
      long other = (page(i) + 2) << shift | FIRST_VA;
      assertEquals(frame(i) << shift | 0x678, table.translate(mmu.segment(7, va), va), "page " + i);
      assertEquals(NOT_MAPPED, table.translate(mmu.segment(7, other), other), "not page " + i);
    }
    return inSecondary;
  }

  private static long frame(int i) {
    return i * 5L + 3;
  }

  private static long page(int i) {
    return i / 2 * GROUPS + i % 2;
  }
}
