package org.mmport.interleave;

import java.util.Optional;
import java.util.Set;

/**
 * Runs a program in many orders until one fails. Not thread-safe.
 *
 * <p>An order that fails is printed as a {@link Schedule} and had again by {@link #again}.
 */
public final class Explorer {
  private static final long MAX_STEPS = 200_000;

  private final Program program;
  private final long maxSchedules;
  private long schedules;
  private long steps;

  /**
   * Explores a program.
   *
   * @param maxSchedules gives up after so many runs
   */
  public Explorer(Program program, long maxSchedules) {
    this.program = program;
    this.maxSchedules = maxSchedules;
  }

  /**
   * All orders in which at most so many times a thread is cut that could go on, those with fewer
   * first. What threads share is found on the way, and all is run again as long as more is found.
   */
  public Exploration upTo(int preemptions) {
    start();
    Sharing sharing = new Sharing();
    for (int bound = 0; bound <= preemptions; ) {
      Set<Long> cuts = sharing.shared();
      DepthFirst orders = new DepthFirst(bound, cuts, sharing);
      do {
        if (schedules == maxSchedules) {
          return ended(false, sharing, Optional.empty());
        }
        Optional<Failure> failure = run(orders);
        if (failure.isPresent()) {
          return ended(true, sharing, failure);
        }
      } while (orders.advance());
      // Where more is shared than was known, more orders are different: once more.
      boolean known = sharing.size() == cuts.size();
      bound += known || bound < preemptions || bound == 0 ? 1 : 0;
    }
    return ended(true, sharing, Optional.empty());
  }

  /**
   * Random orders, the same for the same seed: for what is too long to be cut everywhere.
   *
   * @param depth how many things must come in order for the mistake to show, 1 or more
   */
  public Exploration random(long seed, int runs, int depth) {
    start();
    Sharing sharing = new Sharing();
    long longest = 1;
    int threads = 26;
    for (int i = 0; i < runs && schedules < maxSchedules; i++) {
      long before = steps;
      Optional<Failure> failure = run(new RandomPriorities(seed + i, threads, longest, depth));
      longest = Math.max(longest, steps - before);
      if (failure.isPresent()) {
        return ended(true, sharing, failure);
      }
    }
    return ended(schedules == runs, sharing, Optional.empty());
  }

  /** One order, as far as the schedule says. */
  public Optional<Failure> again(Schedule schedule) {
    start();
    return run(new Replay(schedule));
  }

  private void start() {
    schedules = 0;
    steps = 0;
  }

  private Exploration ended(boolean complete, Sharing sharing, Optional<Failure> failure) {
    return new Exploration(complete, schedules, steps, sharing.size(), failure);
  }

  private Optional<Failure> run(Policy policy) {
    Run run = new Run(policy, new LockOrder(), MAX_STEPS);
    try (Program.Scene scene = program.begin(run)) {
      run.run(scene);
      schedules++;
      steps += run.steps();
      Optional<Failure> failure = run.failure();
      return failure.isPresent() ? failure : scene.verdict().map(run::failed);
    }
  }
}
