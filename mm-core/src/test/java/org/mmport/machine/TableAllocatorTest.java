package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mmport.machine.TestMemory.BASE;
import static org.mmport.machine.TestMemory.PAGE;
import static org.mmport.machine.TestMemory.PAGE_SHIFT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.TablePlacement;

class TableAllocatorTest {
  private static final TablePlacement QUARTER = TablePlacement.natural(1024);
  private static final TablePlacement WHOLE = TablePlacement.natural(4096);

  @ParameterizedTest
  @ValueSource(ints = {16, 32, 1024, 2048})
  void slabsFillBeforeTheNextOpens(int sizeBytes) {
    try (PhysicalMemory memory = TestMemory.fromBase(8)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      TableAllocator tables = new TableAllocator(frames);
      int slots = (int) PAGE / sizeBytes;
      List<Long> addresses = new ArrayList<>();
      for (int i = 0; i < 3 * slots; i++) {
        assertEquals((i + slots - 1) / slots, frames.allocatedFrames(), "before table " + i);
        addresses.add(tables.alloc(TablePlacement.natural(sizeBytes), 0));
      }
      long hole = addresses.get(slots);
      tables.free(hole);
      assertEquals(hole, tables.alloc(TablePlacement.natural(sizeBytes), 0), "the freed slot");
      for (int i = 0; i < slots; i++) {
        assertEquals(3, frames.allocatedFrames());
        tables.free(addresses.get(i));
      }
      assertEquals(2, frames.allocatedFrames(), "the first slab's frame went back");
      addresses.subList(slots, 3 * slots).forEach(tables::free);
      assertEquals(0, frames.allocatedFrames());
      assertEquals(0, tables.descriptors().tables());
    }
  }

  @Test
  void slabsOfOneSizeOnly() {
    try (PhysicalMemory memory = TestMemory.fromBase(8)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      TableAllocator tables = new TableAllocator(frames);
      tables.alloc(QUARTER, 0);
      tables.alloc(TablePlacement.natural(32), 0);
      assertEquals(2, frames.allocatedFrames());
      tables.alloc(TablePlacement.natural(4), 0);
      tables.alloc(TablePlacement.natural(16), 0);
      assertEquals(3, frames.allocatedFrames(), "the smallest take a slot of 16 bytes");
    }
  }

  @Test
  void severalFramesAreAlignedToTheirSize() {
    try (PhysicalMemory memory = TestMemory.fromBase(64)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      TableAllocator tables = new TableAllocator(frames);
      assertEquals(BASE, tables.alloc(WHOLE, 0));
      long root = tables.alloc(TablePlacement.natural(65536), 0);
      assertEquals(0, root % 65536);
      assertEquals(17, frames.allocatedFrames());
      List<Long> ids = new ArrayList<>();
      tables.descriptors().forEachInFrame(root + 7 * PAGE + 12, ids::add);
      assertEquals(
          List.of((root - BASE) / PAGE), ids, "its last but eighth frame leads to the table");
      assertInvalid("0x" + Long.toHexString(root + PAGE), () -> tables.free(root + PAGE));
      assertInvalid("0x" + Long.toHexString(root + 8), () -> tables.free(root + 8));
      tables.free(root);
      assertEquals(1, frames.allocatedFrames());
    }
  }

  @Test
  void refusesWhatIsNoTable() {
    try (PhysicalMemory memory = TestMemory.fromBase(64)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      TableAllocator tables = new TableAllocator(frames);
      long quarter = tables.alloc(QUARTER, 0);
      long other = tables.alloc(QUARTER, 0);
      long plain = frames.alloc(0, 0);
      assertInvalid("folded", () -> tables.alloc(TablePlacement.NONE, 0));
      assertInvalid("8388608 bytes", () -> tables.alloc(TablePlacement.natural(8 << 20), 0));
      assertInvalid("node 3", () -> tables.alloc(QUARTER, 3));
      assertInvalid("node 3", () -> tables.alloc(WHOLE, 3));
      assertInvalid("table 0x", () -> tables.free(plain));
      assertInvalid("table 0x0:", () -> tables.free(0));
      assertInvalid("table 0xffffffffffffffff:", () -> tables.free(-1));
      assertInvalid("table 0x", () -> tables.free(quarter + 512));
      assertInvalid("table 0x", () -> tables.free(quarter + 2048));
      assertInvalid("holds page tables", () -> frames.free(quarter, 0));
      assertInvalid("outside memory", () -> tables.descriptors().forEachInFrame(0, id -> {}));
      tables.free(quarter);
      assertInvalid("table 0x40000000:", () -> tables.free(quarter));
      tables.free(other);
      assertInvalid("table 0x", () -> tables.free(other));
      assertEquals(1, frames.allocatedFrames());
    }
  }

  @Test
  void nodesHaveSlabsOfTheirOwnAndHelpEachOther() {
    try (PhysicalMemory memory = TestMemory.fromBase(4)) {
      FrameAllocator frames =
          new FrameAllocator(
              memory, PAGE_SHIFT, List.of(TestMemory.node(0, 0, 1), TestMemory.node(1, 1, 2)));
      TableAllocator tables = new TableAllocator(frames);
      TableDescriptors descriptors = tables.descriptors();
      long far = tables.alloc(QUARTER, 1);
      assertEquals(1, descriptors.node(descriptors.id(far)));
      for (int i = 0; i < 4; i++) {
        long near = tables.alloc(QUARTER, 0);
        assertEquals(0, descriptors.node(descriptors.id(near)));
      }
      long helped = tables.alloc(QUARTER, 0);
      assertEquals(1, descriptors.node(descriptors.id(helped)), "a slot of the other node's slab");
      assertEquals(2, frames.allocatedFrames());
      frames.alloc(0, 1);
      tables.alloc(QUARTER, 1);
      tables.alloc(QUARTER, 1);
      assertThrows(OutOfFramesException.class, () -> tables.alloc(QUARTER, 0));
      assertThrows(OutOfFramesException.class, () -> tables.alloc(WHOLE, 0));
      assertEquals(8, descriptors.tables());
      tables.free(far);
      assertEquals(far, tables.alloc(QUARTER, 0));
    }
  }

  @Test
  void gateIsAskedOnceForEachTable() {
    AtomicInteger asked = new AtomicInteger();
    try (PhysicalMemory memory = TestMemory.fromBase(8)) {
      FrameAllocator frames =
          new FrameAllocator(
              memory,
              PAGE_SHIFT,
              NumaTopology.uniform(List.of(TestMemory.node(0, 0, 8))),
              (order, node) -> asked.incrementAndGet() % 3 != 0);
      TableAllocator tables = new TableAllocator(frames);
      tables.alloc(QUARTER, 0);
      tables.alloc(QUARTER, 0);
      assertThrows(OutOfFramesException.class, () -> tables.alloc(QUARTER, 0));
      tables.alloc(WHOLE, 0);
      tables.alloc(WHOLE, 0);
      assertThrows(OutOfFramesException.class, () -> tables.alloc(WHOLE, 0));
      assertEquals(6, asked.get());
      assertEquals(4, tables.descriptors().tables());
      assertEquals(3, frames.allocatedFrames());
    }
  }

  @Test
  void allocatorsOfOneMemoryShareTheirTables() {
    try (PhysicalMemory memory = TestMemory.fromBase(8)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      TableAllocator one = new TableAllocator(frames);
      TableAllocator other = new TableAllocator(frames);
      long first = one.alloc(QUARTER, 0);
      long second = other.alloc(QUARTER, 0);
      assertNotEquals(one.descriptors().id(first), one.descriptors().id(second));
      other.free(first);
      one.free(second);
      assertEquals(0, frames.allocatedFrames());
    }
  }

  @Test
  void idsOfFreedSlabsServeAgain() {
    try (PhysicalMemory memory = TestMemory.fromBase(8)) {
      TableAllocator tables = new TableAllocator(FrameAllocator.singleNode(memory, PAGE_SHIFT));
      long tableAddr = tables.alloc(QUARTER, 0);
      long id = tables.descriptors().id(tableAddr);
      tables.free(tableAddr);
      assertEquals(id, tables.descriptors().id(tables.alloc(QUARTER, 0)));
    }
  }

  @Test
  void frameOfAFreedSlabComesWithAnEmptyRecord() {
    try (PhysicalMemory memory = TestMemory.fromBase(1)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      TableAllocator tables = new TableAllocator(frames);
      long first = tables.alloc(QUARTER, 0);
      long second = tables.alloc(QUARTER, 0);
      tables.free(first);
      tables.free(second);
      frames.alloc(0, 0);
      FrameTable table = frames.frames();
      long pfn = frames.basePhysAddr() >> PAGE_SHIFT;
      MemorySegment kind = table.kinds(pfn, 1);
      for (long i = 2; i < FrameTable.KIND_BYTES; i++) {
        assertEquals(0, kind.get(ValueLayout.JAVA_BYTE, i), "byte " + i + " of the kind");
      }
      assertEquals(0, table.counts(pfn, 1).get(ValueLayout.JAVA_LONG, 0), "counts");
      for (long i = 0; i < FrameTable.REST_BYTES; i++) {
        assertEquals(0, table.rests().get(ValueLayout.JAVA_BYTE, i), "byte " + i + " of the rest");
      }
    }
  }

  @Test
  void descriptorFieldsKeepApart() {
    try (PhysicalMemory memory = TestMemory.fromBase(8)) {
      TableAllocator tables = new TableAllocator(FrameAllocator.singleNode(memory, PAGE_SHIFT));
      TableDescriptors descriptors = tables.descriptors();
      long tableAddr = tables.alloc(WHOLE, 0);
      long id = descriptors.id(tableAddr);
      assertEquals(Level.PGD, descriptors.level(id));
      assertEquals(0, descriptors.owner(id));
      descriptors.setLevel(id, Level.PTE);
      descriptors.setOwner(id, -2);
      descriptors.setFirstVa(id, 0xffff_8000_0000_0000L);
      descriptors.setUseCount(id, 0x7fff_fffe);
      descriptors.addLiveEntries(id, 511);
      assertEquals(Level.PTE, descriptors.level(id));
      assertEquals(-2, descriptors.owner(id));
      assertEquals(0xffff_8000_0000_0000L, descriptors.firstVa(id));
      assertEquals(0x7fff_fffe, descriptors.useCount(id));
      assertEquals(0, descriptors.node(id));
      assertEquals(tableAddr, descriptors.tableAddr(id));
      long live = id * TableDescriptors.DESCRIPTOR_BYTES + TableDescriptors.LIVE_OFFSET;
      assertEquals(511, descriptors.segment().get(ValueLayout.JAVA_INT, live));
      descriptors.segment().set(ValueLayout.JAVA_INT, live, 512);
      assertEquals(512, descriptors.liveEntries(id));
      tables.free(tableAddr);
      assertInvalid("table id " + id, () -> descriptors.liveEntries(id));
      assertInvalid("table id -1", () -> descriptors.level(-1));
      assertInvalid("table id 123456789", () -> descriptors.level(123456789));
      assertEquals(tableAddr, tables.alloc(WHOLE, 0));
      assertEquals(0, descriptors.liveEntries(id));
      assertEquals(Level.PGD, descriptors.level(id));
    }
  }

  private static void assertInvalid(String part, Executable call) {
    String message = String.valueOf(assertThrows(InvalidRequestException.class, call).getMessage());
    assertTrue(message.contains(part), () -> message + " must contain " + part);
  }

  /** What is guarded by one loses nothing, and its number tells whether anybody had it. */
  @Test
  void tablesHaveALockEach() throws InterruptedException {
    try (PhysicalMemory memory = TestMemory.fromBase(8)) {
      TableAllocator tables = new TableAllocator(FrameAllocator.singleNode(memory, PAGE_SHIFT));
      TableDescriptors of = tables.descriptors();
      long id = of.id(tables.alloc(QUARTER, 0));
      long other = of.id(tables.alloc(QUARTER, 0));
      int before = of.lockVersion(id);
      Runnable notes =
          () -> {
            for (int i = 0; i < 50_000; i++) {
              of.lock(id);
              of.setNote(id, of.note(id) + 1);
              of.unlock(id);
            }
          };
      Thread thread = new Thread(notes);
      thread.start();
      notes.run();
      thread.join();
      assertEquals(100_000, of.note(id));
      assertNotEquals(before, of.lockVersion(id));
      int now = of.lockVersion(id);
      of.lock(other);
      assertEquals(now, of.lock(id), "nobody had it since");
      assertNotEquals(now, of.lockVersion(id), "somebody has it");
      of.unlock(id);
      of.unlock(other);
    }
  }
}
