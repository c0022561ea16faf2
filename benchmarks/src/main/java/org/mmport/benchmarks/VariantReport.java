package org.mmport.benchmarks;

import java.util.Locale;
import java.util.OptionalDouble;
import org.mmport.spi.MmuVariant;

/** What was measured of every variant, beside x86_64 at the same depth; hash tables beside C. */
final class VariantReport {
  private static final double GOAL = 1.3;
  private static final String[] COLUMNS = {
    "VariantTranslateBenchmark.translate order=sequential variant=",
    "VariantTranslateBenchmark.translate order=random variant=",
    "VariantTranslateBenchmark.translate order=sparse variant=",
    "VariantEditBenchmark.mapPages variant=",
    "VariantEditBenchmark.mapRange variant=",
    "VariantEditBenchmark.unmapPages variant=",
    "VariantEditBenchmark.unmapRange variant="
  };

  private final Figures figures;

  VariantReport(Figures figures) {
    this.figures = figures;
  }

  void print() {
    printTrees();
    printHashTables();
    printRuns();
  }

  private void printTrees() {
    StringBuilder rows = new StringBuilder();
    for (MmuVariant variant : Variants.all()) {
      row(rows, variant, Variants.yardstick(variant));
      if (!Variants.yardstick(variant).equals(Variants.inShapeOf(variant.id()))) {
        row(rows, variant, Variants.inShapeOf(variant.id()));
      }
    }
    if (!rows.isEmpty()) {
      System.out.printf(
          "%nTimes x86_64's, by levels (goal %.1f; more is marked *)%n%-23s %6s %-24s %s%n%s",
          GOAL,
          "variant",
          "levels",
          "beside",
          "  seq.   random  sparse  map     range   unmap   range",
          rows);
    }
  }

  private void row(StringBuilder rows, MmuVariant variant, String yardstick) {
    StringBuilder cells = new StringBuilder();
    boolean any = false;
    for (String column : COLUMNS) {
      OptionalDouble ratio = figures.ratio(column + variant.id(), column + yardstick);
      any |= ratio.isPresent();
      cells.append(
          ratio.isPresent()
              ? String.format(
                  Locale.ROOT,
                  " %5.2f%s ",
                  ratio.getAsDouble(),
                  ratio.getAsDouble() > GOAL ? "*" : " ")
              : "   -    ");
    }
    if (any && !variant.id().equals(yardstick)) {
      String beside =
          yardstick.equals(Variants.inShapeOf(variant.id())) ? "x86_64 in its shape" : yardstick;
      rows.append(
          "%-23s %6d %-24s %s%n".formatted(variant.id(), Variants.depth(variant), beside, cells));
    }
  }

  private void printHashTables() {
    for (MmuVariant variant : Variants.all()) {
      for (String order : new String[] {"sequential", "random", "sparse"}) {
        String of = " hashed=" + variant.id() + " order=" + order;
        figures
            .ratio("HashBenchmark.java" + of, "HashBenchmark.c" + of)
            .ifPresent(
                ratio -> Ratios.line(variant.id() + " hash table, " + order, ratio, "C", GOAL));
      }
    }
  }

  private void printRuns() {
    runs("set", "");
    for (String pages : new String[] {"pages=fresh ", "pages=written "}) {
      runs("clear", pages);
      runs("protect", pages);
    }
  }

  /** A range beside the defaults' loop over pages; and no way slower than without runs. */
  private void runs(String done, String pages) {
    run(done, done + "Pages", pages, "defaults", 1.0 / 3);
    for (String others : new String[] {"defaults", "entry-wise"}) {
      run(done, done, pages, others, 1.0);
      run(done + "Pages", done + "Pages", pages, others, 1.0);
    }
  }

  private void run(String done, String doneByOthers, String pages, String others, double goal) {
    String own = "RunBenchmark." + done + " " + pages + "runs=own";
    String beside = doneByOthers + ", " + others;
    figures
        .ratio(own, "RunBenchmark." + doneByOthers + " " + pages + "runs=" + others)
        .ifPresent(ratio -> Ratios.line(own, ratio, beside, goal));
  }
}
