package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mmport.machine.TestMemory.PAGE;
import static org.mmport.machine.TestMemory.PAGE_SHIFT;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random allocations and frees against {@link RangeModel}. */
class FrameAllocatorPropertyTest {
  private static final int STEPS = 6000;

  // Ragged nodes with a gap: neither starts nor ends at a large block.
  private static final List<NumaNode> NODES =
      List.of(TestMemory.node(0, 3, 3500), TestMemory.node(1, 4099, 2049));

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void agreesWithTheModel(long seed) {
    try (PhysicalMemory memory = TestMemory.fromBase(6148)) {
      FrameAllocator frames = new FrameAllocator(memory, PAGE_SHIFT, NODES);
      RangeModel model = new RangeModel();
      Random random = new Random(seed);
      for (int step = 0; step < STEPS; step++) {
        String where = "seed " + seed + " step " + step;
        boolean filling = step / 1000 % 2 == 0;
        if (model.size() == 0 || random.nextInt(100) < (filling ? 70 : 30)) {
          alloc(frames, model, random, where);
        } else {
          free(frames, model, random);
        }
        assertEquals(model.bytes() / PAGE, frames.allocatedFrames(), where);
        if (step % 200 == 0) {
          FrameInvariants.verify(frames);
        }
      }
      while (model.size() > 0) {
        free(frames, model, random);
      }
      FrameInvariants.verify(frames);
      assertEquals(3500 + 2049, frames.freeFrames(), "seed " + seed);
      assertLargestBlocksReturn(frames, seed);
    }
  }

  private static void alloc(FrameAllocator frames, RangeModel model, Random random, String where) {
    int order = random.nextBoolean() ? 0 : random.nextInt(FrameAllocator.MAX_ORDER + 1);
    int node = random.nextInt(2);
    boolean strict = random.nextBoolean();
    long blockBytes = PAGE << order;
    boolean onNode = model.hasFreeBlock(NODES.get(node), blockBytes);
    boolean onOther = !strict && model.hasFreeBlock(NODES.get(1 - node), blockBytes);
    if (!onNode && !onOther) {
      long free = frames.freeFrames();
      assertThrows(OutOfFramesException.class, () -> allocate(frames, order, node, strict), where);
      assertEquals(free, frames.freeFrames(), where);
      FrameInvariants.verify(frames);
      return;
    }
    long physAddr = allocate(frames, order, node, strict);
    assertEquals(0, physAddr % blockBytes, where + ": aligned");
    NumaNode expected = NODES.get(onNode ? node : 1 - node);
    assertTrue(
        physAddr >= expected.firstPhysAddr() && physAddr + blockBytes <= expected.endPhysAddr(),
        () -> where + ": 0x%x must lie in %s".formatted(physAddr, expected));
    model.add(physAddr, blockBytes);
  }

  private static long allocate(FrameAllocator frames, int order, int node, boolean strict) {
    return strict ? frames.allocOnNode(order, node) : frames.alloc(order, node);
  }

  private static void free(FrameAllocator frames, RangeModel model, Random random) {
    long physAddr = model.first(random.nextInt(model.size()));
    long blockFrames = model.remove(physAddr) / PAGE;
    frames.free(physAddr, Long.numberOfTrailingZeros(blockFrames));
  }

  private static void assertLargestBlocksReturn(FrameAllocator frames, long seed) {
    long largestBytes = PAGE << FrameAllocator.MAX_ORDER;
    RangeModel empty = new RangeModel();
    for (NumaNode node : NODES) {
      long blocks = empty.freeBlocks(node, largestBytes);
      assertTrue(blocks > 0, "the test's nodes must hold largest blocks");
      for (long block = 0; block < blocks; block++) {
        long physAddr = frames.allocOnNode(FrameAllocator.MAX_ORDER, node.id());
        assertEquals(0, physAddr % largestBytes, "seed " + seed);
      }
    }
  }
}
