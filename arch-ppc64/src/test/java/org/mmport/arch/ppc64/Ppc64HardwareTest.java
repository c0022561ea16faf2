package org.mmport.arch.ppc64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.mmport.spi.HashEntry;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Rights;
import org.mmport.spi.TlbDuty;

/** What QEMU's MMU once knew better. */
class Ppc64HardwareTest {
  private static MmuVariant variant(String id) {
    return new Ppc64Architecture()
        .variants().stream().filter(variant -> variant.id().equals(id)).findFirst().orElseThrow();
  }

  @Test
  void nothingIsRunFromNonIdempotentIo() {
    long leaf = 3L << 62 | 0x5000_0000L;
    long readAndRun = 5;
    MmuVariant radix = variant("ppc64/radix-4k");
    int ordinary = radix.format().rights(leaf | readAndRun, Level.PTE);
    int device = radix.format().rights(leaf | readAndRun | 2L << 4, Level.PTE);
    assertEquals(Rights.READ | Rights.EXEC, ordinary);
    assertEquals(Rights.READ, device);
  }

  @Test
  void addressBitsThatNoCpuHasAreRead() {
    MmuVariant radix = variant("ppc64/radix-64k");
    long table = 1L << 63 | 0x7000_0000L | 9;
    long leaf = 3L << 62 | 0x5000_0000L | 6;
    assertEquals(
        TlbDuty.FLUSH_WALK_CACHES, radix.tlbRules().duty(table, table | 1L << 59, Level.PGD));
    assertEquals(TlbDuty.FLUSH_LEAF, radix.tlbRules().duty(leaf, leaf | 1L << 56, Level.PTE));
  }

  @Test
  void thePageNumberIsComparedAsAWhole() {
    HashMmu mmu = variant("ppc64/hash-4k").segmentMap().hashMmu().orElseThrow();
    HashSegment segment = mmu.segment(1, 0x1000);
    HashEntry entry = mmu.encode(segment, 0x1000, 3L << 62 | 5, Level.PTE, 12, 0);
    HashEntry other = new HashEntry(entry.tag() | 1L << 61, entry.data());
    assertTrue(mmu.matches(entry, segment, 0x1000, 0));
    assertFalse(mmu.matches(other, segment, 0x1000, 0));
  }
}
