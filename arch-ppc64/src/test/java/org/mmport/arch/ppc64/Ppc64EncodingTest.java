package org.mmport.arch.ppc64;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/** What is made, against raw values from Linux's headers. */
class Ppc64EncodingTest {
  private static final PteFormat RADIX_64K =
      Ppc64PteFormat.of("radix-64k", Ppc64Geometry.RADIX_64K, "");
  private static final PteFormat HASH_4K =
      Ppc64HashEntries.format("hash-4k", Ppc64HashVariants.HASH_4K);

  @Test
  void leaves() {
    long shared = RADIX_64K.pgprot(Protection.PAGE_SHARED);
    assertEquals(0xc000000012340106L, RADIX_64K.mkLeaf(0x12340000, shared, Level.PTE));
    long kernel = HASH_4K.pgprot(Protection.PAGE_KERNEL);
    assertEquals(0xc00000001234518eL, HASH_4K.mkLeaf(0x12345000, kernel, Level.PTE));
  }

  @Test
  void tablesNameTheSizeOfTheNext() {
    assertEquals(0x8000000012345f05L, RADIX_64K.mkTable(0x12345f00, Level.PMD, TableOwner.USER));
    assertEquals(0x8000000012345009L, RADIX_64K.mkTable(0x12345000, Level.PUD, TableOwner.USER));
    assertEquals(0x8000000012345000L, HASH_4K.mkTable(0x12345000, Level.PMD, TableOwner.USER));
  }

  @Test
  void aTableOfAnotherSizeIsNotFollowed() {
    assertEquals(9 ^ 5, RADIX_64K.reserved(0x8000000012345f09L, Level.PMD));
    assertEquals(0, RADIX_64K.reserved(0x8000000012345f05L, Level.PMD));
  }
}
