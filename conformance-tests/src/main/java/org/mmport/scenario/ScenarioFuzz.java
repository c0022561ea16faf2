package org.mmport.scenario;

import java.util.Optional;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;

/**
 * Random processes beside the model for as long as one likes, on one machine after another, so that
 * what is left over shows at the end of each.
 */
public final class ScenarioFuzz {
  /** What one machine runs; the next has the next seed. */
  public static final int STEPS_PER_MACHINE = 10_000;

  private static final int RECOUNT_EVERY = 50;

  private final MmuVariant variant;
  private final ScenarioCheck check;

  /** Processes on machines of a variant. */
  public ScenarioFuzz(MmuVariant variant) {
    this.variant = variant;
    this.check = new ScenarioCheck(() -> new MmBench(variant));
  }

  /**
   * The first difference that was met.
   *
   * @param seed of the machine that met it
   * @param steps how many that machine had run: with this seed and so many it is met again
   * @param shrunk the few steps that it takes
   */
  public record Finding(long seed, int steps, ScenarioCheck.Failure shrunk) {}

  /**
   * What came of a run.
   *
   * @param steps all that were run
   * @param machines how many ran them
   */
  public record Result(MmuVariant variant, long steps, int machines, Optional<Finding> finding) {}

  /**
   * Runs steps, up to the first that comes to something else than the model says.
   *
   * @param seed of the first machine
   * @param steps 1 or more
   * @param machineDone told after each machine
   * @throws InvalidRequestException for fewer steps than one
   */
  public Result run(long seed, long steps, Runnable machineDone) {
    if (steps < 1) {
      throw new InvalidRequestException(steps + " steps: must be 1 or more");
    }
    int machines = 0;
    for (long done = 0; done < steps; machines++) {
      int count = (int) Math.min(steps - done, STEPS_PER_MACHINE);
      long machineSeed = seed + machines;
      Optional<ScenarioCheck.Failure> failure = check.random(machineSeed, count, RECOUNT_EVERY);
      if (failure.isPresent()) {
        int met = failure.get().steps().size();
        Finding finding = new Finding(machineSeed, met, check.shrink(failure.get()));
        return new Result(variant, done + met, machines + 1, Optional.of(finding));
      }
      machineDone.run();
      done += count;
    }
    return new Result(variant, steps, machines, Optional.empty());
  }
}
