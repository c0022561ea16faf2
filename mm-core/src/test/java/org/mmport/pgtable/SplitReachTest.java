package org.mmport.pgtable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/**
 * A split that goes down several levels is refused before it begins where one of them cannot hold
 * its pieces. Here leaves reach 52 bits of physical address, and pages only half of a PUD leaf.
 */
class SplitReachTest {
  private static final long PAGE = 1L << 12;
  private static final long PMD = 1L << 19;
  private static final long PUD = 1L << 26;

  private final PhysicalMemory memory = PhysicalMemory.ofSize(1L << 20);
  private final FrameAllocator frames = FrameAllocator.singleNode(memory, 12);
  private final PageTable table =
      PageTable.create(new TableSpace(nearPages(), frames, 0), TableOwner.USER);
  private final List<FlushRequest> flushes = new ArrayList<>();

  private static MmuVariant nearPages() {
    MmuVariant variant =
        FakeVariants.all().stream()
            .filter(f -> f.toString().equals("fake/seven-bit"))
            .findFirst()
            .orElseThrow()
            .variant();
    PagingGeometry g = variant.geometry();
    List<LevelGeometry> levels = new ArrayList<>(g.levels());
    levels.set(4, levels.get(4).withLeafPaBits(25));
    return variant.withGeometry(
        new PagingGeometry(
            g.pageShift(),
            g.vaLayout(),
            g.paBits(),
            g.byteOrder(),
            g.entryBytes(),
            g.storeBytes(),
            levels));
  }

  @AfterEach
  void close() {
    table.close();
    memory.close();
  }

  private void change(Consumer<MmuGather> change) {
    try (MmuGather gather = table.gather(flushes::add)) {
      try {
        change.accept(gather);
      } finally {
        gather.flush();
      }
    }
  }

  private void mapPud(long va, long physAddr) {
    change(gather -> table.map(va, physAddr, PUD, Protection.PAGE_SHARED, Level.PUD, gather));
    flushes.clear();
  }

  private void refused(long va, Consumer<MmuGather> change) {
    long free = frames.freeFrames();
    Walk before = table.walker().walk(va);
    String message =
        String.valueOf(
            assertThrows(InvalidRequestException.class, () -> change(change)).getMessage());
    assertTrue(message.contains("part of the PUD leaf"), message);
    assertTrue(message.contains("PTE leaves end at physical 0x1ffffff; name all of it"), message);
    assertEquals(free, frames.freeFrames());
    assertEquals(before, table.walker().walk(va));
    assertEquals(List.of(), flushes);
  }

  @Test
  void pagesOfALeafTooFarAreRefusedBeforeItIsSplit() {
    long va = PUD;
    mapPud(va, 1L << 40);
    refused(va, gather -> table.unmap(va, PAGE, gather));
    refused(va, gather -> table.unmap(va, PMD + PAGE, gather));
    refused(va, gather -> table.unmap(va + PAGE, PUD - PAGE, gather));
    refused(va, gather -> table.protect(va + PAGE, PMD, Protection.PAGE_READONLY, gather));
  }

  @Test
  void piecesThatNeedNoPagesAreMade() {
    long va = PUD;
    mapPud(va, 1L << 40);
    change(gather -> table.unmap(va + PMD, PMD, gather));
    assertEquals(1L << 40, table.translate(va));
    assertEquals(TableWalker.NOT_MAPPED, table.translate(va + PMD));
    assertEquals((1L << 40) + 2 * PMD, table.translate(va + 2 * PMD));
  }

  /** Of a leaf that ends too far, the part that becomes pages may still be near enough. */
  @Test
  void reachIsThatOfThePiecesAndNotOfTheLeaf() {
    mapPud(0, 0);
    long near = PUD / 2 - PAGE;
    change(gather -> table.unmap(near, PAGE, gather));
    assertEquals(TableWalker.NOT_MAPPED, table.translate(near));
    assertEquals(near - PAGE, table.translate(near - PAGE));
    assertEquals(PUD - PAGE, table.translate(PUD - PAGE));

    mapPud(PUD, 0);
    refused(PUD + PUD / 2, gather -> table.unmap(PUD + PUD / 2, PAGE, gather));
  }
}
