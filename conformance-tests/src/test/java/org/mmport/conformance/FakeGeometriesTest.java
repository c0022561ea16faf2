package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mmport.spi.MmuVariant;

/** The whole suite on geometries that no port here has. */
class FakeGeometriesTest {
  static List<MmuVariant> fakes() {
    return FakeVariants.all();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("fakes")
  void everyClauseHolds(MmuVariant variant) {
    List<String> failures =
        SuiteRuns.of(variant).stream()
            .filter(result -> result.outcome() == ClauseOutcome.FAIL)
            .map(ClauseResult::reason)
            .toList();
    assertEquals(List.of(), failures);
  }

  /**
   * What is not applicable everywhere would never have been seen to hold. HW is asked for on demand
   * only; HwTwinsTest sees it hold and fail.
   */
  @Test
  void everyClauseAppliesSomewhere() {
    List<MmuVariant> all = new ArrayList<>(FakeVariants.all());
    all.addAll(ConformanceSuite.variants());
    List<String> nowhere =
        ConformanceSuite.clauses().stream()
            .filter(clause -> !clause.area().equals("HW"))
            .map(ClauseInfo::id)
            .filter(id -> all.stream().noneMatch(variant -> applies(variant, id)))
            .toList();
    assertEquals(List.of(), nowhere);
  }

  private static boolean applies(MmuVariant variant, String id) {
    return SuiteRuns.of(variant).stream()
        .anyMatch(r -> r.clause().equals(id) && r.outcome() != ClauseOutcome.NOT_APPLICABLE);
  }
}
