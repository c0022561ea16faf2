package org.mmport.benchmarks;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Runs the benchmarks and prints what they are beside their baselines: ratios, with the goal of
 * each. Of every benchmark the fastest iteration counts, since whatever else a machine does only
 * ever adds.
 */
public final class Ratios {
  private Ratios() {}

  public static void main(String[] args) throws RunnerException, CommandLineOptionException {
    CommandLineOptions given = new CommandLineOptions(args);
    OptionsBuilder options = new OptionsBuilder();
    options.parent(given);
    if (given.getIncludes().isEmpty()) {
      options.include("org.mmport.benchmarks");
    }
    options.forks(given.getForkCount().orElse(3));
    options.warmupIterations(given.getWarmupIterations().orElse(4));
    options.warmupTime(given.getWarmupTime().orElse(TimeValue.milliseconds(400)));
    options.measurementIterations(given.getMeasurementIterations().orElse(5));
    options.measurementTime(given.getMeasurementTime().orElse(TimeValue.milliseconds(400)));
    options.jvmArgsAppend(
        "--enable-native-access=ALL-UNNAMED",
        "-Dmmport.baseline=" + System.getProperty("mmport.baseline"));
    print(new Runner(options.build()).run());
  }

  private static void print(Collection<RunResult> results) {
    Map<String, Double> best = new TreeMap<>();
    for (RunResult result : results) {
      String name =
          result.getParams().getBenchmark().replaceFirst("org\\.mmport\\.benchmarks\\.", "");
      String order = result.getParams().getParam("order");
      String variants = result.getParams().getParam("variants");
      best.put(
          name + (order == null ? "" : " " + order) + " " + variants,
          result.getPrimaryResult().getStatistics().getMin());
    }
    System.out.println();
    for (String variants : new String[] {"1", "8"}) {
      for (String order : new String[] {"sequential", "random", "sparse"}) {
        String goal = order.equals("sequential") ? "2.0" : order.equals("random") ? "1.3" : "1.2";
        ratio(
            best,
            "TranslateBenchmark.java " + order,
            "TranslateBenchmark.c " + order,
            variants,
            "C",
            goal);
      }
      ratio(best, "EditBenchmark.mapPages", "EditBenchmark.mapPagesC", variants, "C", "2.5");
      ratio(best, "EditBenchmark.unmapPages", "EditBenchmark.unmapPagesC", variants, "C", "2.5");
      ratio(
          best,
          "EditBenchmark.mapRange",
          "EditBenchmark.mapPages",
          variants,
          "page by page",
          "0.2");
      ratio(
          best,
          "EditBenchmark.unmapRange",
          "EditBenchmark.unmapPages",
          variants,
          "page by page",
          "0.2");
    }
    for (String name :
        new String[] {
          "TranslateBenchmark.java sequential",
          "TranslateBenchmark.java random",
          "TranslateBenchmark.java sparse",
          "EditBenchmark.mapPages",
          "EditBenchmark.unmapPages",
          "EditBenchmark.mapRange",
          "EditBenchmark.unmapRange"
        }) {
      Double one = best.get(name + " 1");
      Double eight = best.get(name + " 8");
      if (one != null && eight != null) {
        line(name + ", eight variants", eight / one, "one variant", "1.15");
      }
    }
  }

  private static void ratio(
      Map<String, Double> best,
      String name,
      String base,
      String variants,
      String beside,
      String goal) {
    Double ours = best.get(name + " " + variants);
    Double theirs = best.get(base + " " + variants);
    if (ours != null && theirs != null) {
      line(
          name + ", " + variants + " variant" + (variants.equals("1") ? "" : "s"),
          ours / theirs,
          beside,
          goal);
    }
  }

  private static void line(String name, double ratio, String beside, String goal) {
    System.out.printf(Locale.ROOT, "%-52s %5.2f x %s (goal %s)%n", name, ratio, beside, goal);
  }
}
