package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;

/** Recounts what a frame allocator keeps, block by block. */
final class FrameInvariants {
  private FrameInvariants() {}

  static void verify(FrameAllocator allocator) {
    for (NumaNode node : allocator.topology().nodes()) {
      long free = allocator.freeFrames(node.id());
      allocator.node(node.id()).drain();
      assertEquals(free, allocator.freeFrames(node.id()), "free frames of node " + node.id());
      verify(allocator.frames(), allocator.node(node.id()), node.id());
    }
  }

  private static void verify(FrameTable frames, NodeFrames node, int id) {
    Set<Long> freeHeads = new HashSet<>();
    long freeFrames = node.endPfn() - node.freshPfn();
    long pfn = node.firstPfn();
    while (pfn < node.freshPfn()) {
      int order = frames.order(pfn);
      String block = "node %d pfn 0x%x order %d: ".formatted(id, pfn, order);
      assertNotEquals(FrameTable.NO_HEAD, frames.state(pfn), block + "blocks must be seamless");
      assertEquals(0, pfn % (1L << order), block + "must be aligned to its size");
      assertEquals(id, frames.node(pfn), block + "must name its node");
      for (long tail = pfn + 1; tail < pfn + (1L << order); tail++) {
        assertEquals(FrameTable.NO_HEAD, frames.state(tail), block + "tail must be no head");
        assertEquals(pfn, frames.headOf(tail), block + "tail must find its head");
      }
      if (frames.state(pfn) == FrameTable.FREE_HEAD) {
        freeHeads.add(pfn);
        freeFrames += 1L << order;
        long buddy = pfn ^ (1L << order);
        boolean buddyFree =
            order < FrameAllocator.MAX_ORDER
                && buddy >= node.firstPfn()
                && buddy < node.freshPfn()
                && frames.state(buddy) == FrameTable.FREE_HEAD
                && frames.order(buddy) == order;
        assertTrue(!buddyFree, block + "must have been merged with its free buddy");
      }
      pfn += 1L << order;
    }
    assertEquals(node.freshPfn(), pfn, "node " + id + ": blocks must end where fresh frames start");
    assertEquals(freeFrames, node.freeFrames(), "node " + id + ": free frames, recounted");
    verifyLists(frames, node, freeHeads);
  }

  private static void verifyLists(FrameTable frames, NodeFrames node, Set<Long> freeHeads) {
    Set<Long> unseen = new HashSet<>(freeHeads);
    for (int order = 0; order <= FrameAllocator.MAX_ORDER; order++) {
      long previous = FrameTable.NONE;
      long pfn = node.freeList(order);
      while (pfn != FrameTable.NONE) {
        assertTrue(unseen.remove(pfn), "listed pfn 0x%x must be a free head".formatted(pfn));
        assertEquals(order, frames.order(pfn), "order of listed pfn 0x%x".formatted(pfn));
        assertEquals(previous, frames.previous(pfn), "link back of pfn 0x%x".formatted(pfn));
        previous = pfn;
        pfn = frames.next(pfn);
      }
    }
    assertTrue(unseen.isEmpty(), () -> "free heads on no list: " + unseen);
  }
}
