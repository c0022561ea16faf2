package org.mmport.interleave;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * All orders, one after another, in which no more than so many times a thread is cut that could
 * have gone on (Musuvathi and Qadeer, "Iterative Context Bounding for Systematic Testing of
 * Multithreaded Programs", PLDI 2007). Threads are cut at places that they share.
 */
final class DepthFirst implements Policy {
  private final int bound;
  private final Set<Long> cuts;
  private final Sharing sharing;

  /** The choices of the run, from the first: what was taken, and what is left to try. */
  private final List<Choice> path = new ArrayList<>();

  private int at;
  private int preemptions;

  private static final class Choice {
    private int taken;
    private int left;

    private Choice(int taken, int left) {
      this.taken = taken;
      this.left = left;
    }
  }

  /**
   * The first order.
   *
   * @param cuts places at which to cut
   * @param sharing is told what threads touch
   */
  DepthFirst(int bound, Set<Long> cuts, Sharing sharing) {
    this.bound = bound;
    this.cuts = cuts;
    this.sharing = sharing;
  }

  /** Goes on to the next order; false when there is none. */
  boolean advance() {
    at = 0;
    preemptions = 0;
    while (!path.isEmpty() && path.getLast().left == 0) {
      path.removeLast();
    }
    if (path.isEmpty()) {
      return false;
    }
    Choice last = path.getLast();
    last.taken = Integer.numberOfTrailingZeros(last.left);
    last.left &= last.left - 1;
    return true;
  }

  @Override
  public int next(int current, int enabled, Touch touch) {
    boolean can = Policy.isEnabled(enabled, current);
    if (current != NOBODY) {
      sharing.note(current, touch);
    }
    int others = can ? enabled & ~(1 << current) : enabled;
    if (can && (others == 0 || preemptions == bound || !isCut(touch))) {
      return current;
    }
    int first = can ? current : Integer.numberOfTrailingZeros(enabled);
    int taken = Integer.bitCount(enabled) == 1 ? first : choose(first, enabled & ~(1 << first));
    preemptions += can && taken != current ? 1 : 0;
    return taken;
  }

  private int choose(int first, int left) {
    if (at == path.size()) {
      path.add(new Choice(first, left));
    }
    return path.get(at++).taken;
  }

  private boolean isCut(Touch touch) {
    return touch.alwaysMatters() || cuts.contains(touch.place());
  }
}
