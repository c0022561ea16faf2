package org.mmport.conformance;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.mmport.spi.MmuVariant;

/** Whole runs of the suite, each variant's kept for all tests that look at it. */
final class SuiteRuns {
  private static final Map<String, List<ClauseResult>> BY_VARIANT = new ConcurrentHashMap<>();

  private SuiteRuns() {}

  static List<ClauseResult> of(MmuVariant variant) {
    return BY_VARIANT.computeIfAbsent(variant.id(), id -> run(variant));
  }

  static List<ClauseResult> run(MmuVariant variant) {
    return ConformanceSuite.run(
        List.of(variant), ClauseSelection.ALL, ConformanceSuite.DEFAULT_SEED, result -> {});
  }
}
