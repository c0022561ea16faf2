package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.mmport.machine.PhysicalMemory.Extent;

/** A row of frames beside a set that keeps its order. */
class FrameQueueTest {
  private static final int FRAMES = 24;
  private static final int STEPS = 20_000;

  @Test
  void isInTheOrderInWhichFramesWerePut() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(FRAMES << TestMemory.PAGE_SHIFT)) {
      compare(FrameAllocator.singleNode(memory, TestMemory.PAGE_SHIFT).newQueue(), 0);
    }
  }

  @Test
  void countsFromTheFirstFrameThatThereIs() {
    try (PhysicalMemory lower = PhysicalMemory.ofSize(FRAMES << TestMemory.PAGE_SHIFT)) {
      long base = 1L << 40;
      PhysicalMemory high =
          PhysicalMemory.ofExtents(
              List.of(new Extent(base, lower.mainExtent().bytes())), Arena.ofAuto());
      compare(
          FrameAllocator.singleNode(high, TestMemory.PAGE_SHIFT).newQueue(),
          base >> TestMemory.PAGE_SHIFT);
    }
  }

  @Test
  void oneQueueKnowsNothingOfAnother() {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(FRAMES << TestMemory.PAGE_SHIFT)) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, TestMemory.PAGE_SHIFT);
      FrameQueue one = frames.newQueue();
      FrameQueue other = frames.newQueue();
      one.addLast(5);
      other.addLast(6);
      assertEquals(OptionalLong.of(5), one.poll());
      assertEquals(OptionalLong.empty(), one.poll());
      assertEquals(OptionalLong.of(6), other.poll());
    }
  }

  private static void compare(FrameQueue queue, long firstPfn) {
    LinkedHashSet<Long> model = new LinkedHashSet<>();
    Random random = new Random(3);
    for (int i = 0; i < STEPS; i++) {
      long pfn = firstPfn + random.nextInt(FRAMES);
      switch (random.nextInt(4)) {
        case 0 -> {
          queue.addFirst(pfn);
          model.addFirst(pfn);
        }
        case 1 -> {
          OptionalLong expected =
              model.isEmpty() ? OptionalLong.empty() : OptionalLong.of(model.removeFirst());
          assertEquals(expected, queue.poll(), "step " + i);
        }
        default -> {
          queue.addLast(pfn);
          model.addLast(pfn);
        }
      }
      assertEquals(model.size(), queue.size(), "step " + i);
    }
    while (!model.isEmpty()) {
      assertEquals(OptionalLong.of(model.removeFirst()), queue.poll());
    }
    assertEquals(OptionalLong.empty(), queue.poll());
  }
}
