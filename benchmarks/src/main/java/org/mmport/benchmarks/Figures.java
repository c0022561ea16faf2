package org.mmport.benchmarks;

import java.util.Collection;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.RunResult;

/** The fastest iteration of each benchmark, since whatever else a machine does only ever adds. */
final class Figures {
  private final Map<String, Double> best = new TreeMap<>();

  Figures(Collection<RunResult> results) {
    for (RunResult result : results) {
      best.put(name(result.getParams()), result.getPrimaryResult().getStatistics().getMin());
    }
  }

  /** As {@code EditBenchmark.mapPages variants=8}, parameters in alphabetical order. */
  private static String name(BenchmarkParams params) {
    StringBuilder name =
        new StringBuilder(params.getBenchmark().replaceFirst("org\\.mmport\\.benchmarks\\.", ""));
    for (String key : new java.util.TreeSet<>(params.getParamsKeys())) {
      name.append(' ').append(key).append('=').append(params.getParam(key));
    }
    return name.toString();
  }

  /** How many times as long as the other, where both were measured. */
  OptionalDouble ratio(String name, String other) {
    Double ours = best.get(name);
    Double theirs = best.get(other);
    return ours == null || theirs == null
        ? OptionalDouble.empty()
        : OptionalDouble.of(ours / theirs);
  }
}
