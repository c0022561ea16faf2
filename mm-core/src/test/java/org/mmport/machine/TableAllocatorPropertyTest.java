package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mmport.machine.TestMemory.BASE;
import static org.mmport.machine.TestMemory.PAGE;
import static org.mmport.machine.TestMemory.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.TablePlacement;

/** Tables of all sizes, filled with garbage and freed at random, against {@link RangeModel}. */
class TableAllocatorPropertyTest {
  private static final int STEPS = 5000;
  private static final List<NumaNode> NODES =
      List.of(TestMemory.node(0, 1, 150), TestMemory.node(1, 160, 100));
  private static final List<Integer> SIZES = List.of(16, 32, 256, 1024, 2048, 4096, 8192, 65536);

  private record Table(long id, byte pattern, int sizeBytes) {}

  private final RangeModel model = new RangeModel();
  private final Map<Long, Table> tables = new HashMap<>();
  private final Set<Long> ids = new HashSet<>();

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14, 15, 16})
  void agreesWithTheModel(long seed) {
    try (PhysicalMemory memory = TestMemory.fromBase(260)) {
      FrameAllocator frames = new FrameAllocator(memory, PAGE_SHIFT, NODES);
      TableAllocator allocator = new TableAllocator(frames);
      Random random = new Random(seed);
      for (int step = 0; step < STEPS; step++) {
        String where = "seed " + seed + " step " + step;
        boolean filling = step / 1000 % 2 == 0;
        if (model.size() == 0 || random.nextInt(100) < (filling ? 65 : 35)) {
          alloc(allocator, frames, random, where);
        } else {
          free(allocator, memory, random, where);
        }
        assertEquals(model.size(), allocator.descriptors().tables(), where);
        assertTrue(frames.allocatedFrames() * PAGE >= model.bytes(), where);
        if (step % 500 == 0) {
          FrameInvariants.verify(frames);
          assertFramesListTheirTables(allocator, where);
        }
      }
      while (model.size() > 0) {
        free(allocator, memory, random, "seed " + seed + " at the end");
      }
      assertEquals(0, frames.allocatedFrames(), "seed " + seed + ": leaked frames");
      FrameInvariants.verify(frames);
      assertFramesListTheirTables(allocator, "seed " + seed + " at the end");
    }
  }

  private void alloc(TableAllocator allocator, FrameAllocator frames, Random random, String where) {
    int sizeBytes = SIZES.get(random.nextInt(SIZES.size()));
    long framesBefore = frames.allocatedFrames();
    long tableAddr;
    try {
      tableAddr = allocator.alloc(TablePlacement.natural(sizeBytes), random.nextInt(2));
    } catch (OutOfFramesException full) {
      assertEquals(framesBefore, frames.allocatedFrames(), where);
      for (NumaNode node : NODES) {
        assertEquals(0, model.freeBlocks(node, Math.max(sizeBytes, PAGE)), where + ": " + full);
      }
      return;
    }
    assertEquals(0, tableAddr % sizeBytes, where + ": aligned");
    model.add(tableAddr, sizeBytes);
    MemorySegment bytes = frames.memory().slice(tableAddr, sizeBytes);
    assertAll(bytes, (byte) 0, where + ": zeroed");
    byte pattern = (byte) (1 + random.nextInt(255));
    bytes.fill(pattern);
    long id = allocator.descriptors().id(tableAddr);
    assertTrue(ids.add(id), where + ": id of another live table");
    if (sizeBytes >= PAGE) {
      assertEquals((tableAddr - BASE) >> PAGE_SHIFT, id, where);
    } else {
      assertTrue(id >= 260, where + ": ids in slabs are above those of frames");
    }
    tables.put(tableAddr, new Table(id, pattern, sizeBytes));
    assertDescriptorFresh(allocator.descriptors(), id, tableAddr, where);
    allocator.descriptors().setFirstVa(id, tableAddr * 7);
    allocator.descriptors().addLiveEntries(id, pattern);
  }

  private static void assertDescriptorFresh(
      TableDescriptors descriptors, long id, long tableAddr, String where) {
    assertEquals(tableAddr, descriptors.tableAddr(id), where);
    NumaNode node = NODES.get(descriptors.node(id));
    assertTrue(tableAddr >= node.firstPhysAddr() && tableAddr < node.endPhysAddr(), where);
    assertEquals(0, descriptors.firstVa(id), where);
    assertEquals(0, descriptors.liveEntries(id), where);
    assertEquals(0, descriptors.useCount(id), where);
  }

  private void free(TableAllocator allocator, PhysicalMemory memory, Random random, String where) {
    long tableAddr = model.first(random.nextInt(model.size()));
    Table table = Objects.requireNonNull(tables.remove(tableAddr), where);
    TableDescriptors descriptors = allocator.descriptors();
    assertAll(memory.slice(tableAddr, table.sizeBytes()), table.pattern(), where + ": untouched");
    assertEquals(table.id(), descriptors.id(tableAddr), where + ": id never changes");
    assertEquals(tableAddr * 7, descriptors.firstVa(table.id()), where + ": descriptor");
    assertEquals(table.pattern(), descriptors.liveEntries(table.id()), where + ": descriptor");
    ids.remove(table.id());
    allocator.free(tableAddr);
    model.remove(tableAddr);
    assertThrows(InvalidRequestException.class, () -> allocator.free(tableAddr), where);
  }

  private void assertFramesListTheirTables(TableAllocator allocator, String where) {
    for (long frameAddr = BASE; frameAddr < BASE + 260 * PAGE; frameAddr += PAGE) {
      long first = frameAddr;
      Set<Long> expected = new HashSet<>();
      tables.forEach(
          (tableAddr, table) -> {
            if (tableAddr < first + PAGE && tableAddr + table.sizeBytes() > first) {
              expected.add(table.id());
            }
          });
      Set<Long> listed = new HashSet<>();
      allocator.descriptors().forEachInFrame(frameAddr + 5, listed::add);
      assertEquals(expected, listed, () -> where + ": frame 0x" + Long.toHexString(first));
    }
  }

  private static void assertAll(MemorySegment bytes, byte expected, String message) {
    for (long i = 0; i < bytes.byteSize(); i++) {
      if (bytes.get(ValueLayout.JAVA_BYTE, i) != expected) {
        throw new AssertionError(message + ": byte " + i);
      }
    }
  }
}
