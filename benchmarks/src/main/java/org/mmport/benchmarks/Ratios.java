package org.mmport.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.mmport.spi.MmuVariant;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs the benchmarks, as JMH's own command line does, and prints their ratios beside the goal of
 * each. With {@code -f N} all of them are run N times over, so that what is compared is never far
 * apart in time: machines that others use too are faster in one minute than in the next.
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
    if (!given.getParameter("variant").hasValue()) {
      options.param("variant", variants());
    }
    if (!given.getParameter("hashed").hasValue()) {
      options.param("hashed", hashed());
    }
    options.jvmArgsAppend(
        "--enable-native-access=ALL-UNNAMED",
        "-Dmmport.baseline=" + System.getProperty("mmport.baseline"));
    options.forks(1);
    Figures figures = new Figures();
    for (int round = 0; round < given.getForkCount().orElse(1); round++) {
      figures.add(new Runner(options.build()).run());
    }
    System.out.println();
    printBesideC(figures);
    printForks(figures);
    printFolios(figures);
    printFaults(figures);
    new VariantReport(figures).print();
  }

  /** All that the report compares. */
  private static String[] variants() {
    List<String> names = new ArrayList<>();
    for (MmuVariant variant : Variants.all()) {
      names.add(variant.id());
      String yardstick = Variants.yardstick(variant);
      if (yardstick.equals(Variants.inShapeOf(variant.id()))) {
        names.add(yardstick);
      }
    }
    return names.toArray(String[]::new);
  }

  private static String[] hashed() {
    return Variants.all().stream()
        .filter(variant -> variant.segmentMap().hashMmu().isPresent())
        .map(MmuVariant::id)
        .toArray(String[]::new);
  }

  private static void printBesideC(Figures figures) {
    for (String variants : new String[] {"1", "8"}) {
      String of = " variants=" + variants;
      for (String order : new String[] {"sequential", "random", "sparse"}) {
        double goal = order.equals("sequential") ? 2 : order.equals("random") ? 1.3 : 1.2;
        String with = " order=" + order + of;
        beside(figures, "TranslateBenchmark.java" + with, "TranslateBenchmark.c" + with, "C", goal);
      }
      for (String edit : new String[] {"EditBenchmark.map", "EditBenchmark.unmap"}) {
        beside(figures, edit + "Pages" + of, edit + "PagesC" + of, "C", 2.5);
        beside(figures, edit + "Range" + of, edit + "Pages" + of, "page by page", 0.2);
      }
    }
    for (String name :
        new String[] {
          "TranslateBenchmark.java order=sequential",
          "TranslateBenchmark.java order=random",
          "TranslateBenchmark.java order=sparse",
          "EditBenchmark.mapPages",
          "EditBenchmark.unmapPages",
          "EditBenchmark.mapRange",
          "EditBenchmark.unmapRange"
        }) {
      beside(figures, name + " variants=8", name + " variants=1", "one variant", 1.15);
    }
  }

  private static void printForks(Figures figures) {
    for (String mib : new String[] {"64", "1024"}) {
      String of = "ForkBenchmark.fork mib=" + mib + " way=";
      beside(figures, of + "eager", "ForkBenchmark.forkC mib=" + mib, "C", 2);
      beside(figures, of + "lazy", of + "eager", "eager", 0.05);
      beside(figures, of + "lazy-all", of + "eager", "eager", 0.05);
    }
  }

  /**
   * Goals are those of Linux's batches: 15 and 25 percent off at fork; of munmap what is left of
   * the time for single pages, with 10 points more. Single pages may take 2 percent more than
   * without.
   */
  private static void printFolios(Figures figures) {
    double[] forks = {1.02, 0.85, 0.75};
    double[] munmaps = {1, 0.71, 0.42};
    for (int i = 0; i < forks.length; i++) {
      String of = "FolioBenchmark.fork order=" + 2 * i + " way=";
      beside(figures, of + "batched", of + "eager", "eager", forks[i]);
    }
    for (int i = 1; i < munmaps.length; i++) {
      String of = "FolioBenchmark.munmap order=";
      beside(figures, of + 2 * i, of + 0, "single pages", munmaps[i]);
    }
    for (String way : new String[] {"batched", "lazy"}) {
      for (String written : new String[] {"1", "3"}) {
        String of = "ExecBenchmark.forkExec way=";
        String with = " written=" + written;
        beside(figures, of + way + with, of + "eager" + with, "eager", 1.05);
      }
    }
  }

  private static void printFaults(Figures figures) {
    String one = "FaultBenchmark.oneThread";
    beside(figures, one, "FaultBenchmark.faultC", "C", 3);
    beside(figures, "FaultBenchmark.munmap", "FaultBenchmark.munmapC", "C", 3);
    beside(figures, "FaultBenchmark.twoThreads", one, "one thread", 1 / 1.6);
    String alone = "MmapBenchmark.oneProcess";
    beside(figures, "MmapBenchmark.twoProcesses", alone, "one process", 1 / 1.6);
  }

  private static void beside(
      Figures figures, String name, String other, String beside, double goal) {
    figures.ratio(name, other).ifPresent(ratio -> line(name, ratio, beside, goal));
  }

  static void line(String name, double ratio, String beside, double goal) {
    System.out.printf(Locale.ROOT, "%-52s %5.2f x %s (goal %.2f)%n", name, ratio, beside, goal);
  }
}
