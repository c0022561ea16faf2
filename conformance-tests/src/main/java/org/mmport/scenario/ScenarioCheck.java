package org.mmport.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Runs steps on a machine and in the model, and finds the first at which they differ. */
public final class ScenarioCheck {
  private final Supplier<MmBench> benches;

  /** Checks on a machine that is made anew for each run. */
  public ScenarioCheck(Supplier<MmBench> benches) {
    this.benches = benches;
  }

  /**
   * How a run went wrong.
   *
   * @param steps that lead there, the last being the one at which it shows
   * @param reason in one line
   */
  public record Failure(List<Step> steps, String reason) {}

  /**
   * Makes up and runs steps.
   *
   * @param recountEvery after how many steps all tables are counted anew
   */
  public Optional<Failure> random(long seed, int count, int recountEvery) {
    try (MmBench bench = benches.get()) {
      ReferenceMemory model = new ReferenceMemory();
      RandomSteps random =
          new RandomSteps(seed, model, bench.cpus(), bench.fetches(), bench.hugePages());
      List<Step> steps = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        Step step = random.next();
        steps.add(step);
        Optional<String> reason = difference(bench, model, step, steps.size() % recountEvery == 0);
        if (reason.isPresent()) {
          return Optional.of(new Failure(steps, reason.get()));
        }
      }
      return rest(bench, model).map(reason -> new Failure(steps, reason));
    }
  }

  /** Runs steps as they are given, and counts after each. */
  public Optional<Failure> run(List<Step> steps) {
    try (MmBench bench = benches.get()) {
      ReferenceMemory model = new ReferenceMemory();
      for (int i = 0; i < steps.size(); i++) {
        Optional<String> reason = difference(bench, model, steps.get(i), true);
        if (reason.isPresent()) {
          return Optional.of(new Failure(steps.subList(0, i + 1), reason.get()));
        }
      }
      return rest(bench, model).map(reason -> new Failure(steps, reason));
    }
  }

  private static Optional<String> difference(
      MmBench bench, ReferenceMemory model, Step step, boolean recount) {
    StepResult expected = model.run(step);
    StepResult actual;
    try {
      actual = bench.simulation().run(step);
    } catch (RuntimeException e) {
      return Optional.of("%s: %s".formatted(step, e));
    }
    if (!expected.permits(actual)) {
      return Optional.of("%s: %s, and must be %s".formatted(step, actual, expected));
    }
    model.saw(step, actual);
    return recount
        ? bench.invariants().broken().map(reason -> "after %s: %s".formatted(step, reason))
        : Optional.empty();
  }

  /** What every page holds at the end, and that nothing is left when all processes are gone. */
  private static Optional<String> rest(MmBench bench, ReferenceMemory model) {
    for (String process : model.processes()) {
      for (long page : model.pages(process)) {
        Optional<String> reason = difference(bench, model, new Step.Load(process, 0, page), false);
        if (reason.isPresent()) {
          return reason;
        }
      }
    }
    for (String process : model.processes()) {
      Optional<String> reason = difference(bench, model, new Step.Exit(process), true);
      if (reason.isPresent()) {
        return reason;
      }
    }
    try {
      bench.simulation().unpinAll();
      bench.simulation().removeFiles();
    } catch (RuntimeException e) {
      return Optional.of("when the last files go: " + e);
    }
    long left = bench.leaked();
    return left == 0
        ? Optional.empty()
        : Optional.of("%d frames are in use after the last exit".formatted(left));
  }

  /**
   * Leaves out of a failing run whatever it fails without: halves, quarters, down to single steps
   * (Zeller's ddmin).
   */
  public Failure shrink(Failure failure) {
    Failure best = failure;
    int chunk = Math.max(1, best.steps().size() / 2);
    while (true) {
      boolean shrunk = false;
      for (int from = 0; from < best.steps().size(); ) {
        List<Step> fewer = new ArrayList<>(best.steps());
        fewer.subList(from, Math.min(from + chunk, fewer.size())).clear();
        Optional<Failure> still = run(fewer);
        if (still.isPresent()) {
          best = still.get();
          shrunk = true;
        } else {
          from += chunk;
        }
      }
      if (chunk == 1 && !shrunk) {
        return best;
      }
      chunk = Math.max(1, chunk / 2);
    }
  }
}
