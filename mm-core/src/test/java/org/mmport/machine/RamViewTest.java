package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RamViewTest {

  @Test
  void bytesAreReadInTheOrderAskedForAndAnywhere() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(4096)) {
      for (int i = 0; i < 16; i++) {
        memory.slice(100 + i, 1).set(ValueLayout.JAVA_BYTE, 0, (byte) (i + 1));
      }
      RamView view = new RamView(memory);
      assertEquals(OptionalLong.of(0x0102030405060708L), view.load(100, ByteOrder.BIG_ENDIAN));
      assertEquals(OptionalLong.of(0x0908070605040302L), view.load(101, ByteOrder.LITTLE_ENDIAN));
      assertEquals(OptionalLong.of(0), view.load(4088, ByteOrder.BIG_ENDIAN));
    }
  }

  @Test
  void whatIsNotAllInMemoryIsEmpty() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(4096)) {
      RamView view = new RamView(memory);
      for (long physAddr : new long[] {4089, 4096, -1, -8, Long.MIN_VALUE, Long.MAX_VALUE}) {
        assertEquals(
            OptionalLong.empty(), view.load(physAddr, ByteOrder.BIG_ENDIAN), "" + physAddr);
      }
    }
  }

  @Test
  void multiplesAreThoseThatLieInAnExtent() {
    Arena arena = Arena.ofConfined();
    List<PhysicalMemory.Extent> extents =
        List.of(
            new PhysicalMemory.Extent(0x1800, bytes(arena, 0x1900)),
            new PhysicalMemory.Extent(0x10000, bytes(arena, 0x1000)),
            new PhysicalMemory.Extent(0x20100, bytes(arena, 0x100)));
    try (PhysicalMemory memory = PhysicalMemory.ofExtents(extents, arena)) {
      RamView view = new RamView(memory);
      assertArrayEquals(
          new long[] {0x2000, 0x3000, 0x10000}, view.aligned(0x1000).toArray(), "of 4 KiB");
      assertArrayEquals(new long[] {0x10000}, view.aligned(0x10000).toArray(), "of 64 KiB");
      assertEquals(OptionalLong.empty(), view.load(0x30f9, ByteOrder.BIG_ENDIAN));
      assertEquals(OptionalLong.of(0), view.load(0x30f8, ByteOrder.BIG_ENDIAN));
    }
  }

  private static MemorySegment bytes(Arena arena, long size) {
    return arena.allocate(size, 8);
  }
}
