package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mmport.machine.TestMemory.PAGE_SHIFT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.mmport.spi.TablePlacement;

/** 64 GiB of memory, and how much of what describes it really exists. */
class SparseMetadataTest {
  private static final long SIZE_BYTES = 64L << 30;

  @Test
  void nothingIsCarvedBeforeItIsNeeded() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(SIZE_BYTES)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      assertEquals(16L << 20, frames.freeFrames());
      assertEquals(0, frames.node(0).freshPfn());
      frames.alloc(0, 0);
      assertEquals(1 << FrameAllocator.MAX_ORDER, frames.node(0).freshPfn());
      assertEquals((16L << 20) - 1, frames.freeFrames());
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void kernelSeesFewPagesOfMetadata() throws Throwable {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(SIZE_BYTES)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      MemorySegment kinds = frames.frames().kinds();
      MemorySegment counts = frames.frames().counts();
      MemorySegment descriptors = new TableAllocator(frames).descriptors().segment();
      MemorySegment rests = frames.frames().rests();
      assertEquals(1L << 30, kinds.byteSize() + counts.byteSize() + rests.byteSize());
      assertEquals(0, residentPages(kinds), "kinds of untouched memory");
      assertEquals(0, residentPages(counts), "counts of untouched memory");
      assertEquals(0, residentPages(rests), "the rest of what is known of untouched memory");
      assertEquals(0, residentPages(descriptors.asSlice(0, 1L << 31)), "descriptors of none");
      TableAllocator tables = new TableAllocator(frames);
      for (int i = 0; i < 100; i++) {
        tables.alloc(TablePlacement.natural(4096), 0);
        tables.alloc(TablePlacement.natural(1024), 0);
      }
      long touched =
          residentPages(kinds)
              + residentPages(counts)
              + residentPages(rests)
              + residentPages(descriptors.asSlice(0, 1L << 31));
      assertTrue(touched > 0 && touched <= 32, "pages of metadata for 200 tables: " + touched);
    }
  }

  /** Pages of a mapping that the kernel holds in memory, by mincore(2). */
  @SuppressWarnings("restricted") // mincore has no Java equivalent
  private static long residentPages(MemorySegment mapping) throws Throwable {
    Linker linker = Linker.nativeLinker();
    MethodHandle mincore =
        linker.downcallHandle(
            linker.defaultLookup().find("mincore").orElseThrow(),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      // One byte for each page; no machine has smaller pages than 4 KiB.
      MemorySegment pages = arena.allocate(mapping.byteSize() / 4096);
      assertEquals(0, (int) mincore.invokeExact(mapping, mapping.byteSize(), pages), "mincore");
      long resident = 0;
      for (long i = 0; i < pages.byteSize(); i++) {
        resident += pages.get(ValueLayout.JAVA_BYTE, i) & 1;
      }
      return resident;
    }
  }
}
