package org.mmport.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.mmport.conformance.ClauseOutcome;
import org.mmport.conformance.ClauseResult;
import picocli.CommandLine.Help.ColorScheme;

/** Areas by variant, for a terminal: passed of applicable, and what failed in full below. */
final class ConformMatrix {
  /** How the clauses of one area ended on one variant. */
  record Cell(int passed, int failed, int notApplicable) {
    Cell plus(ClauseOutcome outcome) {
      return switch (outcome) {
        case PASS -> new Cell(passed + 1, failed, notApplicable);
        case FAIL -> new Cell(passed, failed + 1, notApplicable);
        case NOT_APPLICABLE -> new Cell(passed, failed, notApplicable + 1);
      };
    }

    String text() {
      int applicable = passed + failed;
      return applicable == 0 ? "n/a" : passed + "/" + applicable;
    }
  }

  private final List<ClauseResult> results;
  private final Duration elapsed;
  private final ColorScheme colours;

  /**
   * What came of a run.
   *
   * @param elapsed how long it took: not the sum over clauses, of which several go on at a time
   */
  ConformMatrix(List<ClauseResult> results, Duration elapsed, ColorScheme colours) {
    this.results = results;
    this.elapsed = elapsed;
    this.colours = colours;
  }

  /** Variant to area to cell, both in the order of the results. */
  static Map<String, Map<String, Cell>> cells(List<ClauseResult> results) {
    Map<String, Map<String, Cell>> cells = new LinkedHashMap<>();
    for (ClauseResult result : results) {
      String area = result.clause().substring(0, result.clause().indexOf('-'));
      cells
          .computeIfAbsent(result.variant(), v -> new LinkedHashMap<>())
          .merge(
              area,
              new Cell(0, 0, 0).plus(result.outcome()),
              (old, one) -> old.plus(result.outcome()));
    }
    return cells;
  }

  void print(PrintWriter out) {
    Map<String, Map<String, Cell>> cells = cells(results);
    int width = cells.keySet().stream().mapToInt(String::length).max().orElse(8);
    List<String> areas =
        cells.values().stream().flatMap(row -> row.keySet().stream()).distinct().toList();
    StringBuilder head = new StringBuilder(" ".repeat(width));
    areas.forEach(area -> head.append(String.format(Locale.ROOT, " %8s", area)));
    out.println(head);
    cells.forEach(
        (variant, row) -> {
          StringBuilder line =
              new StringBuilder(String.format(Locale.ROOT, "%-" + width + "s", variant));
          for (String area : areas) {
            line.append(cell(row.getOrDefault(area, new Cell(0, 0, 0))));
          }
          out.println(line);
        });
    List<ClauseResult> failures =
        results.stream().filter(r -> r.outcome() == ClauseOutcome.FAIL).toList();
    if (!failures.isEmpty()) {
      out.println();
      failures.forEach(failure -> out.println(failure.reason()));
    }
    long passed = results.stream().filter(r -> r.outcome() == ClauseOutcome.PASS).count();
    out.printf(
        Locale.ROOT,
        "%n%d passed, %d failed, %d not applicable, in %.1f s%n",
        passed,
        failures.size(),
        results.size() - passed - failures.size(),
        elapsed.toMillis() / 1000.0);
  }

  private String cell(Cell cell) {
    String text = String.format(Locale.ROOT, " %8s", cell.text());
    if (cell.failed() > 0) {
      return colours.ansi().string("@|bold,red " + text + "|@");
    }
    return cell.passed() > 0 ? colours.ansi().string("@|green " + text + "|@") : text;
  }
}
