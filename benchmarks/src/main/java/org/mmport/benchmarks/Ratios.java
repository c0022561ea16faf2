package org.mmport.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
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
    printLoads(figures);
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

  /** Lazy forks have goals for 1 GiB: 64 MiB take little more than making an address space. */
  private static void printForks(Figures figures) {
    String fork = "ForkBenchmark.fork mib=";
    for (String mib : new String[] {"64", "1024"}) {
      beside(figures, fork + mib + " way=eager", "ForkBenchmark.forkC mib=" + mib, "C", 2);
    }
    String eager = " way=eager";
    for (String way : new String[] {" way=lazy", " way=lazy-all"}) {
      beside(figures, fork + 1024 + way, fork + 1024 + eager, "eager", 0.05);
      figures
          .ratioOfGrowth(fork + 1024 + way, fork + 64 + way, fork + 1024 + eager, fork + 64 + eager)
          .ifPresent(ratio -> line(fork + "64..1024" + way, ratio, "eager's growth", 0.02));
    }
  }

  /**
   * Goals for one size are those of Linux's batches: 15 and 25 percent off at fork, at munmap 20,
   * 37, 47 and 50 with 10 points more, and for single pages 2 percent more at most. Those of
   * mixtures follow from their parts.
   */
  private static void printFolios(Figures figures) {
    String fork = "FolioBenchmark.fork folios=";
    Map<String, Double> forks =
        new TreeMap<>(
            Map.of(
                "4k",
                1.02,
                "16k",
                0.85,
                "64k",
                0.75,
                "128k",
                0.75,
                "256k",
                0.75,
                "mixed",
                0.84,
                "64k-freed",
                0.82));
    forks.forEach(
        (folios, goal) ->
            beside(
                figures,
                fork + folios + " way=batched",
                fork + folios + " way=eager",
                "eager",
                goal));
    String munmap = "FolioBenchmark.munmap folios=";
    Map<String, Double> munmaps =
        new TreeMap<>(
            Map.of(
                "4k",
                1.02,
                "16k",
                0.9,
                "64k",
                0.73,
                "128k",
                0.63,
                "256k",
                0.6,
                "mixed",
                0.85,
                "64k-freed",
                0.8));
    munmaps.forEach(
        (folios, goal) ->
            beside(
                figures,
                munmap + folios + " unmap=batched",
                munmap + folios + " unmap=singly",
                "entry by entry",
                goal));
    for (String done : List.of("fork", "munmap")) {
      String of = "ContpteBenchmark." + done + " runs=";
      beside(figures, of + "own", of + "entry-wise", "no contiguous entries", 1.02);
    }
    for (String request : List.of("mprotect", "munmap", "mremap", "lazyFree")) {
      String of = "SinglesBenchmark." + request + " way=";
      beside(figures, of + "batched", of + "singly", "entry by entry", 1.02);
    }
    String free = "FolioBenchmark.freeParts folios=";
    for (String folios : List.of("16k", "64k", "mixed")) {
      // R4.22 asks to know it, and names no goal.
      figures
          .ratio(free + folios, free + "4k")
          .ifPresent(
              ratio ->
                  System.out.printf(
                      Locale.ROOT, "%-52s %5.2f x single pages%n", free + folios, ratio));
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

  /** The only goal that is no ratio: 50 million a second. */
  private static void printLoads(Figures figures) {
    for (String name : List.of("TlbBenchmark.oneCpu", "TlbBenchmark.twoCpus")) {
      figures
          .time(name)
          .ifPresent(
              nanos ->
                  System.out.printf(
                      Locale.ROOT,
                      "%-52s %5.0f million loads a second by each (goal 50)%n",
                      name,
                      1000 / nanos));
    }
  }

  private static void beside(
      Figures figures, String name, String other, String beside, double goal) {
    figures.ratio(name, other).ifPresent(ratio -> line(name, ratio, beside, goal));
  }

  static void line(String name, double ratio, String beside, double goal) {
    System.out.printf(Locale.ROOT, "%-52s %6.3f x %s (goal %.2f)%n", name, ratio, beside, goal);
  }
}
