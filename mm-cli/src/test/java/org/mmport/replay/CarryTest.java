package org.mmport.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;

/** Where addresses of 47 bits go on variants that have fewer. */
class CarryTest {
  private static final long LIBRARIES = 0x7f1ea9451000L;

  private static PagingGeometry geometry(String id) {
    return Traces.variant(id).geometry();
  }

  @Test
  void whatFitsStaysWhereItIs() {
    for (String id : List.of("x86_64/4level", "x86_64/la57", "arm64/4k-va48", "ppc64/radix-64k")) {
      Carry carry = new Carry(geometry(id));
      assertEquals(LIBRARIES, carry.va(LIBRARIES), id);
      assertEquals(
          List.of(new Carry.Piece(0x10000, 0x10000, 0x7fff_0000_0000L)),
          carry.pieces(0x10000, 0x7fff_0000_0000L),
          id);
    }
    assertEquals(0x401000, new Carry(geometry("x86/2level")).va(0x401000));
  }

  /** 4 MiB are what an entry of the root covers, 32 MiB on the other; both have 256 of them. */
  @Test
  void distancesStayWithinWhatAnEntryCovers() {
    Map<String, Long> windows = Map.of("x86/2level", 4L << 20, "arm64/16k-va36", 32L << 20);
    windows.forEach(
        (id, bytes) -> {
          Carry carry = new Carry(geometry(id));
          long base = carry.va(LIBRARIES);
          assertEquals(LIBRARIES & bytes - 1, base & bytes - 1, id);
          for (long at = LIBRARIES & -bytes; at < (LIBRARIES | bytes - 1); at += bytes / 8) {
            assertEquals(base + (at - LIBRARIES), carry.va(at), id);
          }
          assertEquals(base + bytes, carry.va(LIBRARIES + bytes), id);
          assertEquals(base - bytes, carry.va(LIBRARIES - bytes), id);
        });
  }

  @Test
  void aRangeOverWindowsIsInOnePieceWhereTheyAreNeighbours() {
    Carry carry = new Carry(geometry("x86/2level"));
    assertEquals(1, carry.pieces(LIBRARIES, 64L << 20).size());
    // In the way of the next one's growth.
    long below = carry.va(LIBRARIES) & -(4L << 20);
    carry.va(below - (4L << 20));
    List<Carry.Piece> pieces = carry.pieces(LIBRARIES - (8L << 20), 16L << 20);
    assertEquals(2, pieces.size());
    assertEquals(16L << 20, pieces.stream().mapToLong(Carry.Piece::bytes).sum());
  }

  @Test
  void whatDoesNotFitIsRefusedAndTakesNoPlace() {
    Carry carry = new Carry(geometry("x86/2level"));
    assertThrows(InvalidRequestException.class, () -> carry.pieces(LIBRARIES, 4L << 30));
    assertThrows(InvalidRequestException.class, () -> carry.pieces(-4096, 8192));
    assertEquals(1, carry.pieces(LIBRARIES, 1L << 30).size());
  }

  /** No two addresses come to one place, all are the user's, and a child has the parent's. */
  @Test
  void placesAreApart() {
    for (MmuVariant variant : Traces.variants()) {
      SplittableRandom random = new SplittableRandom(20261121);
      Carry carry = new Carry(variant.geometry());
      Map<Long, Long> tracedByVa = new HashMap<>();
      for (int i = 0; i < 250; i++) {
        // Half of them in a few neighbourhoods, one of which is where those moved come to lie.
        long traced =
            switch (random.nextInt(4)) {
              case 0 -> LIBRARIES + ((long) random.nextInt(32) << 21);
              case 1 -> carry.va(LIBRARIES) + ((long) random.nextInt(32) << 21);
              default -> random.nextLong() >>> random.nextInt(64) & -4096;
            };
        long va = carry.va(traced);
        Long other = tracedByVa.put(va, traced);
        assertTrue(other == null || other == traced, variant.id());
        assertTrue(
            variant.geometry().vaLayout().regions().getFirst().contains(va),
            "%s 0x%x".formatted(variant.id(), va));
        assertEquals(va, carry.copy().va(traced), variant.id());
      }
    }
  }
}
