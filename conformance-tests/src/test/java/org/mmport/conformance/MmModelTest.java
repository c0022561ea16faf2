package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mmport.scenario.MmBench;
import org.mmport.scenario.ScenarioCheck;
import org.mmport.scenario.ScenarioCheck.Failure;
import org.mmport.scenario.Script;
import org.mmport.spi.MmuVariant;

/** Random processes on every variant, for longer than the clause MODEL-01 takes. */
class MmModelTest {
  private static final int STEPS = Integer.getInteger("mmport.model.steps", 20_000);
  private static final long SEED = Long.getLong("mmport.model.seed", 42);
  private static final int RECOUNT_EVERY = 100;

  static Stream<String> variants() {
    return ConformanceSuite.variants().stream().map(MmuVariant::id);
  }

  @ParameterizedTest
  @MethodSource("variants")
  void processesSeeWhatTheModelSays(String id) {
    MmuVariant variant =
        ConformanceSuite.variants().stream().filter(v -> v.id().equals(id)).findAny().orElseThrow();
    ScenarioCheck check = new ScenarioCheck(() -> new MmBench(variant));
    Optional<Failure> failure = check.random(SEED, STEPS, RECOUNT_EVERY).map(check::shrink);
    assertEquals(
        Optional.empty(),
        failure.map(f -> f.reason() + "; steps:\n" + String.join("\n", Script.write(f.steps()))));
  }
}
