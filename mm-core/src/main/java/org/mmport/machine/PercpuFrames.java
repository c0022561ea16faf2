package org.mmport.machine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Single frames of a node, a few in a row for each thread, so that threads that bring in pages meet
 * neither at the node's lock nor in the cache lines of one another's frames: {@code struct
 * per_cpu_pages} of Linux. They are free, on no list and in no block.
 */
final class PercpuFrames {
  /** log2 of how many are fetched at once: Linux takes 63 at most ({@code zone_batchsize()}). */
  static final int BATCH_ORDER = 5;

  /** Threads above this number share places: right, and a little slower. */
  private static final int SLOTS = 16;

  /** Longs from one place to the next: two cache lines, as CPUs fetch them by pairs. */
  private static final int STRIDE = 16;

  private static final int HELD = 0;
  private static final int NEXT = 1;
  private static final int END = 2;
  private static final int SPINS = 256;
  private static final VarHandle LONG = MethodHandles.arrayElementVarHandle(long[].class);

  private final NodeFrames node;
  private final long[] slots = new long[(SLOTS + 1) * STRIDE];

  PercpuFrames(NodeFrames node) {
    this.node = node;
  }

  /** A frame, for the caller to mark; {@link FrameTable#NONE} where the node has none. */
  long take() {
    int slot = slot();
    lock(slot);
    try {
      if (slots[slot + NEXT] == slots[slot + END] && !fetch(slot)) {
        return FrameTable.NONE;
      }
      return slots[slot + NEXT]++;
    } finally {
      unlock(slot);
    }
  }

  /** Takes a frame that is in no block, if the thread took it last: it is the next again. */
  boolean putBack(long pfn) {
    int slot = slot();
    lock(slot);
    try {
      long after = slots[slot + END] - pfn;
      boolean isLast = pfn + 1 == slots[slot + NEXT] && after <= 1 << BATCH_ORDER;
      slots[slot + NEXT] -= isLast ? 1 : 0;
      return isLast;
    } finally {
      unlock(slot);
    }
  }

  private static int slot() {
    return ((int) Thread.currentThread().threadId() & (SLOTS - 1)) * STRIDE + STRIDE;
  }

  private boolean fetch(int slot) {
    long pfn = node.takeRow(BATCH_ORDER);
    if (pfn == FrameTable.NONE) {
      return false;
    }
    slots[slot + NEXT] = pfn;
    slots[slot + END] = pfn + node.rowFrames(pfn);
    return true;
  }

  /**
   * Nobody holds a place for longer than it takes to fetch frames, unless his thread is not
   * running.
   */
  @SuppressWarnings("ThreadPriorityCheck")
  private void lock(int slot) {
    for (int tries = 1; !LONG.compareAndSet(slots, slot + HELD, 0L, 1L); tries++) {
      if (tries % SPINS == 0) {
        Thread.yield();
      } else {
        Thread.onSpinWait();
      }
    }
  }

  private void unlock(int slot) {
    LONG.setRelease(slots, slot + HELD, 0L);
  }

  /** Gives all back to the node; whether there were any ({@code drain_all_pages()}). */
  boolean drain() {
    boolean any = false;
    for (int slot = STRIDE; slot < slots.length; slot += STRIDE) {
      lock(slot);
      long next = slots[slot + NEXT];
      long end = slots[slot + END];
      slots[slot + NEXT] = end;
      unlock(slot);
      if (next < end) {
        node.giveBackPages(next, end);
        any = true;
      }
    }
    return any;
  }

  /** How many there are. Exact while nobody takes any. */
  long count() {
    long count = 0;
    for (int slot = STRIDE; slot < slots.length; slot += STRIDE) {
      lock(slot);
      count += slots[slot + END] - slots[slot + NEXT];
      unlock(slot);
    }
    return count;
  }
}
