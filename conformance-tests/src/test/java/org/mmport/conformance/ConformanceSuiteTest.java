package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.mmport.spi.MmuVariant;

/** Variants side by side: nothing of that is seen in what comes out. */
class ConformanceSuiteTest {
  private static final ClauseSelection SHAPES =
      new ClauseSelection(List.of(), List.of("GEO", "FOLD"));

  @Test
  void resultsComeByVariantThenByClauseToTheThreadThatAsks() {
    List<String> expected = new ArrayList<>();
    for (MmuVariant variant : ConformanceSuite.variants()) {
      SHAPES.selectedClauses().forEach(clause -> expected.add(variant.id() + " " + clause.id()));
    }
    List<String> seen = new ArrayList<>();
    Set<Thread> threads = new HashSet<>();
    List<ClauseResult> results =
        ConformanceSuite.run(
            ConformanceSuite.variants(),
            SHAPES,
            ConformanceSuite.DEFAULT_SEED,
            result -> {
              seen.add(result.variant() + " " + result.clause());
              threads.add(Thread.currentThread());
            });
    assertEquals(expected, seen);
    assertEquals(expected.size(), results.size());
    assertEquals(Set.of(Thread.currentThread()), threads);
  }

  /** As where nobody reads the output any more. */
  @Test
  void whoeverIsToldMayEndIt() {
    List<ClauseResult> seen = new ArrayList<>();
    assertThrows(
        IllegalArgumentException.class,
        () ->
            ConformanceSuite.run(
                ConformanceSuite.variants(),
                SHAPES,
                ConformanceSuite.DEFAULT_SEED,
                result -> {
                  seen.add(result);
                  throw new IllegalArgumentException("enough");
                }));
    assertEquals(1, seen.size());
  }
}
