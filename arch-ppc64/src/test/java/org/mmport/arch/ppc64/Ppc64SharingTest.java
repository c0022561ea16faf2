package org.mmport.arch.ppc64;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;

/** At which level tables may be shared, and how large they are. */
class Ppc64SharingTest {

  /**
   * A table of that level is one segment of 256 MiB, 28 bits, or the smallest that holds one: with
   * 4K pages 12 + 9 + 7 = 28 bits at PMD; in 2006 with 64K pages 16 + 12 = 28 bits at PTE, today 16
   * + 8 + 10 = 34 at PMD. Radix has no segments.
   */
  @ParameterizedTest
  @CsvSource({
    "ppc64/hash-4k-2006, PMD, 28",
    "ppc64/hash-64k-2006, PTE, 28",
    "ppc64/hash-4k, PMD, 28",
    "ppc64/hash-64k, PMD, 34",
    "ppc64/radix-4k, PTE, 21",
    "ppc64/radix-64k, PTE, 21"
  })
  void tablesOfASegmentAreShared(String id, Level level, int spanShift) {
    MmuVariant variant = variant(id);
    assertEquals(level, variant.minShareLevel());
    PagingGeometry geometry = variant.geometry();
    assertEquals(spanShift, geometry.shift(level) + geometry.at(level).indexBits());
  }

  /**
   * PGD, PUD, PMD, PTE; 2006: {@code PTE_TABLE_SIZE} and its like. With 64K pages {@code
   * real_pte_t} is two words.
   */
  @ParameterizedTest
  @CsvSource({
    "ppc64/hash-4k-2006, 4096 1024 1024 4096",
    "ppc64/hash-64k-2006, 128 0 32768 65536",
    "ppc64/hash-4k, 4096 4096 1024 4096",
    "ppc64/hash-64k, 2048 16384 16384 4096",
    "ppc64/radix-64k, 65536 4096 4096 256"
  })
  void tablesHaveRoomForWhatIsBehindTheirEntries(String id, String sizes) {
    PagingGeometry geometry = variant(id).geometry();
    List<Integer> found =
        List.of(Level.PGD, Level.PUD, Level.PMD, Level.PTE).stream()
            .map(level -> geometry.at(level).placement().sizeBytes())
            .toList();
    assertEquals(List.of(sizes.split(" ")).stream().map(Integer::valueOf).toList(), found);
  }

  private static MmuVariant variant(String id) {
    return new Ppc64Architecture()
        .variants().stream().filter(v -> v.id().equals(id)).findFirst().orElseThrow();
  }
}
