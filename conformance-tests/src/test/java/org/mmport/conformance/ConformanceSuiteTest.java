package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/** Variants side by side: nothing of that is seen in what comes out. */
class ConformanceSuiteTest {
  private static final ClauseSelection SHAPES =
      new ClauseSelection(List.of(), List.of("GEO", "FOLD"));

  private static final ClauseSelection FORMATS = new ClauseSelection(List.of(), List.of("FMT"));

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

  /**
   * As where nobody reads the output any more: of variants that had not begun by then, nothing is
   * asked.
   */
  @Test
  void whoeverIsToldMayEndIt() {
    MmuVariant variant = ConformanceSuite.variants().getFirst();
    AtomicBoolean asked = new AtomicBoolean();
    MmuVariant last =
        variant.withFormat(
            new FilterFormat(variant.format()) {
              @Override
              public boolean valid(long raw, Level level) {
                asked.set(true);
                return super.valid(raw, level);
              }
            });
    ConformanceSuite.run(List.of(last), FORMATS, ConformanceSuite.DEFAULT_SEED, result -> {});
    assertTrue(asked.getAndSet(false), "the clauses ask a format");
    int before = 10 * Runtime.getRuntime().availableProcessors();
    List<MmuVariant> variants = new ArrayList<>(Collections.nCopies(before, variant));
    variants.add(last);
    List<ClauseResult> seen = new ArrayList<>();
    assertThrows(
        IllegalArgumentException.class,
        () ->
            ConformanceSuite.run(
                variants,
                FORMATS,
                ConformanceSuite.DEFAULT_SEED,
                result -> {
                  seen.add(result);
                  throw new IllegalArgumentException("enough");
                }));
    assertEquals(1, seen.size());
    assertFalse(asked.get(), "a variant was judged after the end");
  }
}
