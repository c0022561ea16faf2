package org.mmport.machine;

import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The buddy allocator of one node. Blocks are aligned by page frame number, not from the start of
 * the node. Frames that were never needed are not on any list: blocks are carved off their front,
 * each as large as alignment and the node's end allow, and so never has a buddy to merge with among
 * those behind.
 *
 * <p>All of its state belongs to this node alone, and one lock for each node guards it. Single
 * frames go through {@link PercpuFrames}.
 */
final class NodeFrames {
  private final FrameTable frames;
  private final ReentrantLock lock;
  private final int node;
  private final long firstPfn;
  private final long endPfn;
  private final long[] freeLists = new long[FrameAllocator.MAX_ORDER + 1];
  private final PercpuFrames percpu = new PercpuFrames(this);

  /**
   * Those for tables: they lie beside each other then, not between the pages they map, and a walk
   * of many finds them in few lines of our own machine's tables. Linux keeps what cannot be moved
   * in lists of its own, too ({@code MIGRATE_UNMOVABLE}).
   */
  private final PercpuFrames percpuTables = new PercpuFrames(this);

  /** Whether threads fetch single frames a few at a time: not where somebody is told of each. */
  private final boolean batched;

  private long freshPfn;
  private long freeFrames;

  NodeFrames(FrameTable frames, Steps steps, int node, long firstPfn, long endPfn) {
    this.lock = SteppedLock.brief(steps, LockRank.NODE, node);
    this.batched = steps.equals(Steps.NONE);
    this.frames = frames;
    this.node = node;
    this.firstPfn = firstPfn;
    this.endPfn = endPfn;
    this.freshPfn = firstPfn;
    this.freeFrames = endPfn - firstPfn;
    Arrays.fill(freeLists, FrameTable.NONE);
  }

  /** A block of that order, or {@link FrameTable#NONE} with everything as it was. */
  long take(int order) {
    return take(order, percpu);
  }

  /** The same for tables. */
  long takeTable(int order) {
    return take(order, percpuTables);
  }

  private long take(int order, PercpuFrames singles) {
    if (order == 0 && batched) {
      long pfn = singles.take();
      if (pfn != FrameTable.NONE) {
        frames.markAllocated(pfn, 0, node);
        return pfn;
      }
    }
    long pfn = takeBlock(order, order);
    return pfn == FrameTable.NONE && drain() ? takeBlock(order, order) : pfn;
  }

  /**
   * Frames in a row that are in no block from here on: a block of that order, or the smallest there
   * is, if smaller.
   *
   * @return the first; {@link FrameTable#NONE} where there is none
   */
  long takeRow(int mostOrder) {
    long pfn = takeBlock(0, mostOrder);
    if (pfn != FrameTable.NONE) {
      frames.markNoHead(pfn);
    }
    return pfn;
  }

  /** How many frames such a row has. */
  long rowFrames(long pfn) {
    return 1L << frames.order(pfn);
  }

  /** The smallest block there is of at least the one order, cut down to the other if larger. */
  private long takeBlock(int leastOrder, int mostOrder) {
    lock.lock();
    try {
      int from = smallestWithBlock(leastOrder);
      while (from < 0 && freshPfn < endPfn) {
        carve();
        from = smallestWithBlock(leastOrder);
      }
      if (from < 0) {
        return FrameTable.NONE;
      }
      int order = Math.min(from, mostOrder);
      long pfn = freeLists[from];
      unlink(pfn, from);
      for (int half = from - 1; half >= order; half--) {
        link(pfn + (1L << half), half);
      }
      frames.markAllocated(pfn, order, node);
      freeFrames -= 1L << order;
      return pfn;
    } finally {
      lock.unlock();
    }
  }

  /** Takes back a block that {@link #take} gave. The caller has checked that it did. */
  void giveBack(long pfn, int order) {
    frames.markNoHead(pfn);
    if (order == 0 && batched && (percpu.putBack(pfn) || percpuTables.putBack(pfn))) {
      return;
    }
    lock.lock();
    try {
      merge(pfn, order);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes back frames that are in no block, in pieces as large as there are, the last ones first.
   */
  void giveBackPages(long firstPfn, long endPfn) {
    lock.lock();
    try {
      for (long end = endPfn; end > firstPfn; ) {
        int order = largestBefore(end, firstPfn);
        end -= 1L << order;
        merge(end, order);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Order of the largest block that ends before a frame and begins at another, or behind it. */
  static int largestBefore(long endPfn, long firstPfn) {
    int fits = Long.SIZE - 1 - Long.numberOfLeadingZeros(endPfn - firstPfn);
    int aligned = Long.numberOfTrailingZeros(endPfn);
    return Math.min(FrameAllocator.MAX_ORDER, Math.min(fits, aligned));
  }

  private void merge(long pfn, int order) {
    freeFrames += 1L << order;
    long merged = pfn;
    int mergedOrder = order;
    while (mergedOrder < FrameAllocator.MAX_ORDER) {
      long buddy = merged ^ (1L << mergedOrder);
      if (!isFreeBlock(buddy, mergedOrder)) {
        break;
      }
      unlink(buddy, mergedOrder);
      frames.markNoHead(buddy);
      merged = Math.min(merged, buddy);
      mergedOrder++;
    }
    link(merged, mergedOrder);
  }

  boolean contains(long pfn) {
    return pfn >= firstPfn && pfn < endPfn;
  }

  long freeFrames() {
    // A place of percpu is held while this lock is taken, so never the other way round.
    long fetched = percpu.count() + percpuTables.count();
    lock.lock();
    try {
      return freeFrames + fetched;
    } finally {
      lock.unlock();
    }
  }

  /** Puts into blocks again what threads have fetched and not used; whether there was any. */
  boolean drain() {
    boolean any = percpu.drain();
    return percpuTables.drain() || any;
  }

  long firstPfn() {
    return firstPfn;
  }

  long endPfn() {
    return endPfn;
  }

  /** The first frame that is in no block yet. */
  long freshPfn() {
    lock.lock();
    try {
      return freshPfn;
    } finally {
      lock.unlock();
    }
  }

  long freeList(int order) {
    lock.lock();
    try {
      return freeLists[order];
    } finally {
      lock.unlock();
    }
  }

  private int smallestWithBlock(int order) {
    for (int candidate = order; candidate <= FrameAllocator.MAX_ORDER; candidate++) {
      if (freeLists[candidate] != FrameTable.NONE) {
        return candidate;
      }
    }
    return -1;
  }

  private void carve() {
    int fits = Long.SIZE - 1 - Long.numberOfLeadingZeros(endPfn - freshPfn);
    int aligned = Long.numberOfTrailingZeros(freshPfn);
    int order = Math.min(FrameAllocator.MAX_ORDER, Math.min(fits, aligned));
    link(freshPfn, order);
    freshPfn += 1L << order;
  }

  private boolean isFreeBlock(long pfn, int order) {
    return pfn >= firstPfn
        && pfn < freshPfn
        && frames.state(pfn) == FrameTable.FREE_HEAD
        && frames.order(pfn) == order;
  }

  private void link(long pfn, int order) {
    frames.markFree(pfn, order, node);
    freeLists[order] = frames.push(pfn, freeLists[order]);
  }

  private void unlink(long pfn, int order) {
    freeLists[order] = frames.unlink(pfn, freeLists[order]);
  }
}
