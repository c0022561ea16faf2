package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Who judges the judges: ports with one thing wrong fail the clauses meant for it and no others.
 *
 * <p>Each is a run of the whole suite, so they run side by side.
 */
@Execution(ExecutionMode.CONCURRENT)
class BrokenPortsTest {
  static List<Broken> broken() {
    return BrokenPorts.all();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("broken")
  void failsExactlyItsClauses(Broken broken) {
    List<ClauseResult> failures =
        SuiteRuns.run(broken.variant()).stream()
            .filter(result -> result.outcome() == ClauseOutcome.FAIL)
            .toList();
    assertEquals(broken.clauses(), failures.stream().map(ClauseResult::clause).toList());
    String reason = failures.getFirst().reason();
    assertTrue(reason.contains(broken.message()), reason);
    String rerun =
        "; rerun: ./mmport conform %s --clause %s --seed 42"
            .formatted(broken.variant().id(), broken.clauses().getFirst());
    assertTrue(reason.endsWith(rerun), reason);
    assertEquals(1, reason.lines().count(), reason);
  }

  @Test
  void manyAreToldByOneClauseAlone() {
    long alone = broken().stream().filter(one -> one.clauses().size() == 1).count();
    assertTrue(alone >= 40, alone + " of " + broken().size());
  }
}
