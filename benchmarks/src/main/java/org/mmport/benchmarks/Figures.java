package org.mmport.benchmarks;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.util.Statistics;

/**
 * What rounds of benchmarks took. Of each the fastest iteration counts, since whatever else a
 * machine does only ever adds; of rounds, the one in the middle.
 */
final class Figures {
  private final List<Map<String, Double>> rounds = new ArrayList<>();

  void add(Collection<RunResult> results) {
    Map<String, Double> best = new TreeMap<>();
    for (RunResult result : results) {
      best.put(name(result.getParams()), best(result));
    }
    rounds.add(best);
  }

  /** Of single samples, of which the fastest may be chance, the one that a tenth is faster than. */
  private static double best(RunResult result) {
    Statistics times = result.getPrimaryResult().getStatistics();
    return result.getParams().getMode() == Mode.SampleTime
        ? times.getPercentile(10)
        : times.getMin();
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

  /**
   * How many times as long as the other, where both were measured: the median over the rounds, the
   * slower one of two.
   */
  OptionalDouble ratio(String name, String other) {
    return median(
        rounds.stream()
            .filter(best -> best.containsKey(name) && best.containsKey(other))
            .mapToDouble(best -> best.getOrDefault(name, 0.0) / best.getOrDefault(other, 0.0)));
  }

  /**
   * How many times as much is taken more for a larger size as another takes more, where all four
   * were measured: the median over the rounds.
   */
  OptionalDouble ratioOfGrowth(String larger, String smaller, String others, String othersSmaller) {
    return median(
        rounds.stream()
            .filter(
                best -> best.keySet().containsAll(List.of(larger, smaller, others, othersSmaller)))
            .mapToDouble(
                best -> growth(best, larger, smaller) / growth(best, others, othersSmaller)));
  }

  private static double growth(Map<String, Double> best, String larger, String smaller) {
    return best.getOrDefault(larger, 0.0) - best.getOrDefault(smaller, 0.0);
  }

  /** What one operation took, in the benchmark's own unit: the median over the rounds. */
  OptionalDouble time(String name) {
    return median(
        rounds.stream()
            .filter(best -> best.containsKey(name))
            .mapToDouble(best -> best.getOrDefault(name, 0.0)));
  }

  private static OptionalDouble median(DoubleStream ofRounds) {
    double[] sorted = ofRounds.sorted().toArray();
    return sorted.length == 0
        ? OptionalDouble.empty()
        : OptionalDouble.of(sorted[sorted.length / 2]);
  }
}
