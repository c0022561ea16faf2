package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who judges the judges of CPUs: each wrong way to flush them fails the clauses meant for it. */
@Execution(ExecutionMode.CONCURRENT)
class CpuTwinsTest {
  static List<CpuTwins.Twin> twins() {
    return CpuTwins.all();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("twins")
  void failsExactlyItsClauses(CpuTwins.Twin twin) {
    List<ClauseResult> failing = CpuTwins.failing(twin);
    assertEquals(twin.clauses(), failing.stream().map(ClauseResult::clause).toList());
    for (ClauseResult result : failing) {
      assertEquals(1, result.reason().lines().count(), result.reason());
      assertTrue(result.reason().contains("; rerun: ./mmport conform "), result.reason());
    }
  }
}
