package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mmport.machine.TestMemory.BASE;
import static org.mmport.machine.TestMemory.PAGE;
import static org.mmport.machine.TestMemory.PAGE_SHIFT;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.mmport.spi.InvalidRequestException;

class FrameAllocatorTest {
  @Test
  void physicalAddressZeroIsAFrameLikeOthers() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(2 * PAGE)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      long first = frames.alloc(0, 0);
      long second = frames.alloc(0, 0);
      assertEquals(PAGE, first + second, "two frames, at 0 and behind it");
      frames.free(0, 0);
      assertEquals(0, frames.alloc(0, 0));
      frames.free(PAGE, 0);
      frames.free(0, 0);
      assertEquals(0, frames.alloc(1, 0), "merged again");
    }
  }

  @Test
  void preferredNodeThenTheNearest() {
    try (PhysicalMemory memory = TestMemory.fromBase(3)) {
      List<NumaNode> nodes =
          List.of(TestMemory.node(0, 0, 1), TestMemory.node(1, 1, 1), TestMemory.node(2, 2, 1));
      NumaTopology topology =
          new NumaTopology(
              nodes, List.of(List.of(10, 40, 20), List.of(40, 10, 20), List.of(20, 20, 10)));
      FrameAllocator frames = new FrameAllocator(memory, PAGE_SHIFT, topology, AllocationGate.OPEN);
      assertEquals(BASE, frames.alloc(0, 0), "its own");
      assertEquals(BASE + 2 * PAGE, frames.alloc(0, 0), "the nearest, node 2");
      assertEquals(0, frames.freeFrames(2));
      assertThrows(OutOfFramesException.class, () -> frames.allocOnNode(0, 0));
      assertEquals(1, frames.freeFrames(), "strict took nothing elsewhere");
      assertEquals(BASE + PAGE, frames.alloc(0, 0), "the farthest, node 1");
      assertEquals(1, frames.nodeOf(BASE + PAGE));
      assertEquals(3, frames.allocatedFrames());
    }
  }

  @Test
  void blocksDoNotCrossNodes() {
    try (PhysicalMemory memory = TestMemory.fromBase(4)) {
      FrameAllocator frames =
          new FrameAllocator(
              memory, PAGE_SHIFT, List.of(TestMemory.node(0, 0, 1), TestMemory.node(1, 1, 3)));
      List<Long> singles = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        singles.add(frames.alloc(0, i % 2));
      }
      singles.forEach(physAddr -> frames.free(physAddr, 0));
      FrameInvariants.verify(frames);
      assertEquals(BASE + 2 * PAGE, frames.alloc(1, 0), "the only two frames of one node");
      assertThrows(OutOfFramesException.class, () -> frames.alloc(1, 0));
    }
  }

  @Test
  void exhaustionLeavesEverythingAsItWas() {
    try (PhysicalMemory memory = TestMemory.fromBase(7)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      assertRefused(OutOfFramesException.class, "order 3", () -> frames.alloc(3, 0));
      assertEquals(7, frames.freeFrames());
      FrameInvariants.verify(frames);
      frames.alloc(2, 0);
      assertRefused(OutOfFramesException.class, "order 2", () -> frames.alloc(2, 0));
      frames.alloc(1, 0);
      frames.alloc(0, 0);
      assertRefused(OutOfFramesException.class, "order 0", () -> frames.alloc(0, 0));
      assertEquals(7, frames.allocatedFrames());
    }
  }

  @Test
  void freeRefusesWhatWasNotHandedOut() {
    try (PhysicalMemory memory = TestMemory.fromBase(4096)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      long block = frames.alloc(2, 0);
      assertEquals(BASE, block);
      assertInvalid(
          "0x40000000 with order 1: was allocated with order 2", () -> frames.free(block, 1));
      assertInvalid(
          "0x40001000: inside the block at 0x40000000", () -> frames.free(block + PAGE, 0));
      assertInvalid("0x40000800: inside a frame", () -> frames.free(block + 0x800, 2));
      assertInvalid("0x40004000: is free", () -> frames.free(block + 4 * PAGE, 2));
      assertInvalid("0x40005000: is free", () -> frames.free(block + 5 * PAGE, 0));
      assertInvalid("0x40800000: was never handed out", () -> frames.free(BASE + 0x80_0000, 0));
      assertInvalid("0x0: in no NUMA node", () -> frames.free(0, 0));
      assertInvalid("0xffffffffffffffff: in no NUMA node", () -> frames.free(-1, 0));
      assertInvalid("0x41000000: in no NUMA node", () -> frames.free(BASE + 4096 * PAGE, 0));
      frames.free(block, 2);
      assertInvalid("0x40000000: is free", () -> frames.free(block, 2));
      assertEquals(4096, frames.freeFrames());
      FrameInvariants.verify(frames);
    }
  }

  @Test
  void refusesBadArguments() {
    try (PhysicalMemory memory = TestMemory.fromBase(4)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      assertInvalid("order -1", () -> frames.alloc(-1, 0));
      assertInvalid("order 11", () -> frames.allocOnNode(11, 0));
      assertInvalid("node 1", () -> frames.alloc(0, 1));
      assertInvalid("node -1", () -> frames.allocOnNode(0, -1));
      assertInvalid("node 7", () -> frames.freeFrames(7));
      assertInvalid("2^9 bytes", () -> FrameAllocator.singleNode(memory, 9));
      assertInvalid("does not hold one frame", () -> FrameAllocator.singleNode(memory, 16));
      assertInvalid(
          "NUMA node 0",
          () -> new FrameAllocator(memory, 12, List.of(new NumaNode(0, BASE + 0x100, PAGE))));
      assertInvalid(
          "not within one extent",
          () -> new FrameAllocator(memory, 12, List.of(TestMemory.node(0, 3, 2))));
    }
  }

  @Test
  void gateMakesTheNthAllocationFail() {
    AtomicInteger asked = new AtomicInteger();
    try (PhysicalMemory memory = TestMemory.fromBase(8)) {
      FrameAllocator frames =
          new FrameAllocator(
              memory,
              PAGE_SHIFT,
              NumaTopology.uniform(List.of(TestMemory.node(0, 0, 8))),
              (order, node) -> asked.incrementAndGet() != 3);
      frames.alloc(0, 0);
      frames.allocOnNode(1, 0);
      assertRefused(OutOfFramesException.class, "gate", () -> frames.alloc(0, 0));
      assertEquals(3, frames.allocatedFrames());
      FrameInvariants.verify(frames);
      frames.alloc(0, 0);
      assertEquals(4, asked.get());
    }
  }

  @Test
  void fileFromABase(@TempDir Path directory) throws IOException {
    Path file = Files.createFile(directory.resolve("ram"));
    try (PhysicalMemory memory = PhysicalMemory.ofFile(file, BASE, 16 * PAGE)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, PAGE_SHIFT);
      assertEquals(BASE, frames.basePhysAddr());
      long block = frames.alloc(4, 0);
      assertEquals(BASE, block);
      assertTrue(memory.contains(block, 16 * PAGE));
    }
  }

  @Test
  void oddSizeLeavesTheLastPartialFrameOut() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(3 * PAGE + 5)) {
      assertEquals(3, FrameAllocator.singleNode(memory, PAGE_SHIFT).freeFrames());
    }
  }

  private static void assertInvalid(String part, Executable call) {
    assertRefused(InvalidRequestException.class, part, call);
  }

  private static void assertRefused(
      Class<? extends RuntimeException> type, String part, Executable call) {
    String message = String.valueOf(assertThrows(type, call).getMessage());
    assertTrue(message.contains(part), () -> message + " must contain " + part);
  }
}
