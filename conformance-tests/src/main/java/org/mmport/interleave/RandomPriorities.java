package org.mmport.interleave;

import java.util.Arrays;
import java.util.Random;

/**
 * Threads with random priorities, each of which falls below all others at a few random steps: PCT
 * (Burckhardt and others, "A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs",
 * ASPLOS 2010). A mistake that takes d things to come in some order is met with a probability of
 * 1/(n k^(d-1)) at least, in each run of n threads and k steps.
 */
final class RandomPriorities implements Policy {
  private final int[] priorities;
  private final long[] falls;
  private long step;
  private int lowest;

  /**
   * One run's.
   *
   * @param steps about as many as runs have
   * @param depth d: how many things must come in order
   */
  RandomPriorities(long seed, int threads, long steps, int depth) {
    Random random = new Random(seed);
    this.priorities = new int[threads];
    for (int i = 0; i < threads; i++) {
      int other = random.nextInt(i + 1);
      priorities[i] = priorities[other];
      priorities[other] = i;
    }
    this.falls = random.longs(Math.max(0, depth - 1), 1, Math.max(2, steps + 1)).sorted().toArray();
  }

  @Override
  public int next(int current, int enabled, Touch touch) {
    if (current != NOBODY && Arrays.binarySearch(falls, ++step) >= 0) {
      priorities[current] = --lowest;
    }
    int best = Integer.numberOfTrailingZeros(enabled);
    for (int thread = best + 1; thread < priorities.length; thread++) {
      if (Policy.isEnabled(enabled, thread) && priorities[thread] > priorities[best]) {
        best = thread;
      }
    }
    return best;
  }
}
