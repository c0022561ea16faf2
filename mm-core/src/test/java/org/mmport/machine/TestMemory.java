package org.mmport.machine;

import java.lang.foreign.Arena;
import java.util.List;

/** Memories for tests. */
final class TestMemory {
  static final long BASE = 0x4000_0000L;
  static final int PAGE_SHIFT = 12;
  static final long PAGE = 1L << PAGE_SHIFT;

  private TestMemory() {}

  /** One extent that does not start at 0, as RAM on many boards. */
  static PhysicalMemory fromBase(long frames) {
    Arena arena = Arena.ofShared();
    return PhysicalMemory.ofExtents(
        List.of(
            new PhysicalMemory.Extent(
                BASE, arena.allocate(frames << PAGE_SHIFT, 1L << PAGE_SHIFT))),
        arena);
  }

  static NumaNode node(int id, long firstFrame, long frames) {
    return new NumaNode(id, BASE + (firstFrame << PAGE_SHIFT), frames << PAGE_SHIFT);
  }
}
