package org.mmport.pgtable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/** What is refused changes nothing, and what is owed is not forgotten. */
class PageTableRefusalTest {
  private static final long HUGE = 1L << 19;

  private final MmuVariant variant =
      FakeVariants.all().stream()
          .filter(f -> f.toString().equals("fake/seven-bit"))
          .findFirst()
          .orElseThrow()
          .variant();
  private final PhysicalMemory memory = PhysicalMemory.ofSize(1L << 20);
  private final FrameAllocator frames = FrameAllocator.singleNode(memory, 12);
  private final PageTable table =
      PageTable.create(new TableSpace(variant, frames, 0), TableOwner.USER);
  private final List<FlushRequest> flushes = new ArrayList<>();

  @AfterEach
  void close() {
    table.close();
    memory.close();
  }

  private MmuGather gather() {
    return table.gather(flushes::add);
  }

  private void map(long va, long physAddr, long sizeBytes, Level largest) {
    try (MmuGather gather = gather()) {
      table.map(va, physAddr, sizeBytes, Protection.PAGE_SHARED, largest, gather);
    }
  }

  private String refused(Runnable request) {
    return String.valueOf(assertThrows(InvalidRequestException.class, request::run).getMessage());
  }

  @Test
  void unalignedIsRefused() {
    assertTrue(refused(() -> map(0x1234, 0, 4096, Level.PTE)).contains("0x0000000000001234"));
    assertTrue(refused(() -> map(0x1000, 0x10, 4096, Level.PTE)).contains("0x10"));
    assertTrue(refused(() -> map(0x1000, 0, 100, Level.PTE)).contains("0x64"));
  }

  @Test
  void nonCanonicalAndWrappingRangesAreRefused() {
    assertTrue(refused(() -> map(1L << 50, 0, 4096, Level.PTE)).contains("low half"));
    assertTrue(refused(() -> map(1L << 50, 0, 8192, Level.PTE)).contains("low half"));
    assertTrue(refused(() -> map(-4096, 0, 8192, Level.PTE)).contains("low half"));
    try (MmuGather gather = gather()) {
      assertTrue(refused(() -> table.unmap(1L << 50, 4096, gather)).contains("low half"));
      assertTrue(
          refused(() -> table.protect(1L << 50, 4096, Protection.PAGE_NONE, gather))
              .contains("low half"));
    }
  }

  @Test
  void memoryBeyondPhysicalAddressesIsRefused() {
    assertTrue(refused(() -> map(0x1000, 1L << 52, 4096, Level.PTE)).contains("0xfffffffffffff"));
    assertTrue(
        refused(() -> map(0x1000, (1L << 52) - 4096, 8192, Level.PTE)).contains("0xfffffffffffff"));
  }

  @Test
  void overlapNamesWhatIsThere() {
    map(0x4000, 0x9000, 4096, Level.PTE);
    long free = frames.freeFrames();
    assertTrue(refused(() -> map(0x4000, 0, 4096, Level.PTE)).contains("0x9047"));
    assertTrue(refused(() -> map(0, 0, HUGE * 3, Level.PMD)).contains("0x0000000000004000"));
    assertEquals(free, frames.freeFrames());
    assertEquals(0x9000, table.translate(0x4000));
    assertEquals(TableWalker.NOT_MAPPED, table.translate(0));
  }

  @Test
  void outOfFramesChangesNothing() {
    long huge = 1L << 26;
    map(huge, 0, huge, Level.PUD);
    long before = frames.freeFrames();
    List<Long> taken = new ArrayList<>();
    while (frames.freeFrames() > 0) {
      taken.add(frames.alloc(0, 0));
    }
    try (MmuGather gather = gather()) {
      assertThrows(OutOfFramesException.class, () -> map(0, 0, 64L << 20, Level.PTE));
      assertThrows(OutOfFramesException.class, () -> table.unmap(huge + 4096, 4096, gather));
      assertThrows(
          OutOfFramesException.class,
          () -> table.protect(huge + 4096, 4096, Protection.PAGE_READONLY, gather));
      assertTrue(gather.isDischarged());
    }
    assertEquals(4096, table.translate(huge + 4096));
    taken.forEach(frame -> frames.free(frame, 0));
    assertEquals(before, frames.freeFrames());
  }

  @Test
  void gatherThatOwesCannotBeClosed() {
    map(0x4000, 0x9000, 4096, Level.PTE);
    MmuGather gather = gather();
    table.unmap(0x4000, 4096, gather);
    String message =
        String.valueOf(assertThrows(UndischargedDutyException.class, gather::close).getMessage());
    assertTrue(message.contains("0x0000000000004000"), message);
    gather.flush();
    gather.close();
  }

  @Test
  void tablesAreFreedAfterTheFlushOnly() {
    map(0x4000, 0x9000, 4096, Level.PTE);
    long mapped = frames.freeFrames();
    List<Long> freeAtFlush = new ArrayList<>();
    try (MmuGather gather = table.gather(request -> freeAtFlush.add(frames.freeFrames()))) {
      table.unmap(0x4000, 4096, gather);
      gather.flush();
    }
    assertEquals(List.of(mapped), freeAtFlush);
    assertTrue(frames.freeFrames() > mapped);
  }

  @Test
  void splittingBreaksBeforeItMakes() {
    map(HUGE, HUGE, HUGE, Level.PMD);
    List<Long> seen = new ArrayList<>();
    try (MmuGather gather =
        table.gather(
            request -> {
              flushes.add(request);
              seen.add(table.translate(HUGE));
            })) {
      table.protect(HUGE + 4096, 4096, Protection.PAGE_READONLY, gather);
      gather.flush();
    }
    assertEquals(TableWalker.NOT_MAPPED, seen.getFirst());
    assertTrue(flushes.getFirst().duty().breakBeforeMake());
    assertEquals(HUGE, flushes.getFirst().firstVa());
    assertEquals(2 * HUGE - 1, flushes.getFirst().lastVa());
    assertEquals(HUGE, table.translate(HUGE));
    assertEquals(HUGE + 4096, table.translate(HUGE + 4096));
  }

  @Test
  void closedMemoryIsNotReached() {
    PhysicalMemory shortLived = PhysicalMemory.ofSize(1L << 20);
    PageTable tables =
        PageTable.create(
            new TableSpace(variant, FrameAllocator.singleNode(shortLived, 12), 0), TableOwner.USER);
    shortLived.close();
    assertThrows(IllegalStateException.class, () -> tables.translate(0x1000));
    try (MmuGather gather = tables.gather(flushes::add)) {
      assertThrows(
          IllegalStateException.class,
          () -> tables.map(0x1000, 0, 4096, Protection.PAGE_SHARED, gather));
    }
  }
}
