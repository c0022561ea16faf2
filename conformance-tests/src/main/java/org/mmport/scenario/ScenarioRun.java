package org.mmport.scenario;

import java.util.Optional;
import org.mmport.spi.MmuVariant;

/** Runs a script on a machine of its own and counts what that takes. */
public final class ScenarioRun {
  private ScenarioRun() {}

  /**
   * What a run came to.
   *
   * @param mismatch the first line that came to something else than it says, where the run ended
   */
  public record Result(MmuVariant variant, ScenarioCounts counts, Optional<String> mismatch) {}

  /** Runs a script to its end, or to the first line that does not come to what it says. */
  public static Result run(Script script, MmuVariant variant) {
    EntryCounts entries = new EntryCounts(variant);
    try (MmBench bench = new MmBench(variant, entries)) {
      CountKeeper keeper = new CountKeeper(bench.system(), entries);
      for (Script.Line line : script.lines()) {
        requireCpu(line, bench);
        StepResult result = bench.simulation().run(line.step());
        keeper.note();
        if (line.expected().isPresent() && !line.expected().get().equals(result)) {
          String mismatch =
              "line %d, '%s': is %s, expected %s"
                  .formatted(line.number(), line.step(), result, line.expected().get());
          return new Result(variant, keeper.counts(), Optional.of(mismatch));
        }
      }
      return new Result(variant, keeper.counts(), Optional.empty());
    }
  }

  private static void requireCpu(Script.Line line, MmBench bench) {
    int cpu =
        switch (line.step()) {
          case Step.Load load -> load.cpu();
          case Step.Store store -> store.cpu();
          case Step.Fetch fetch -> fetch.cpu();
          default -> 0;
        };
    if (cpu >= bench.cpus()) {
      throw new org.mmport.spi.InvalidRequestException(
          "line %d, '%s': the machine has CPUs 0 to %d"
              .formatted(line.number(), line.step(), bench.cpus() - 1));
    }
  }
}
