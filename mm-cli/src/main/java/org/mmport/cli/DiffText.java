package org.mmport.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A comparison for eyes: a table for each section, each line with a mark: {@code ~} differs, {@code
 * -} only the first has it, {@code +} only the second.
 */
final class DiffText {
  private final VariantDiff diff;
  private final PrintWriter out;

  DiffText(VariantDiff diff, PrintWriter out) {
    this.diff = diff;
    this.out = out;
  }

  /** A line of text; what it says of either side is empty where that has nothing. */
  private record Line(char mark, String item, String first, String second) {}

  /** Prints these rows, and then which sections of the whole comparison are alike. */
  void print(List<DiffRow> rows) {
    for (DiffSection section : DiffSection.values()) {
      List<DiffRow> own = rows.stream().filter(row -> row.section() == section).toList();
      if (!own.isEmpty()) {
        print(section, section == DiffSection.DUTIES ? duties(own) : lines(own));
      }
    }
    Set<DiffSection> alike = EnumSet.noneOf(DiffSection.class);
    diff.rows().forEach(row -> alike.add(row.section()));
    diff.rows().stream().filter(DiffRow::differs).forEach(row -> alike.remove(row.section()));
    if (!alike.isEmpty()) {
      out.println(
          "Alike: " + alike.stream().map(DiffSection::title).collect(Collectors.joining(", ")));
    }
  }

  private void print(DiffSection section, List<Line> lines) {
    List<Line> all = new ArrayList<>(lines);
    all.addFirst(new Line(' ', "", diff.first().id(), diff.second().id()));
    int items = all.stream().mapToInt(line -> line.item().length()).max().orElse(0);
    int firsts = all.stream().mapToInt(line -> line.first().length()).max().orElse(0);
    out.println(section.title());
    for (Line line : all) {
      String format = "%s %-" + Math.max(1, items) + "s  %-" + firsts + "s  %s";
      out.println(
          format.formatted(line.mark(), line.item(), line.first(), line.second()).stripTrailing());
    }
    out.println();
  }

  private static List<Line> lines(List<DiffRow> rows) {
    return rows.stream()
        .flatMap(row -> lines(row, row.level().map(level -> level + " ").orElse("") + words(row)))
        .toList();
  }

  /** One line for all levels at which a change owes the same. */
  private static List<Line> duties(List<DiffRow> rows) {
    List<Line> lines = new ArrayList<>();
    List<DiffRow> left = new ArrayList<>(rows);
    while (!left.isEmpty()) {
      DiffRow row = left.getFirst();
      List<DiffRow> same =
          left.stream()
              .filter(
                  other ->
                      other.item().equals(row.item())
                          && other.first().equals(row.first())
                          && other.second().equals(row.second()))
              .toList();
      String levels =
          same.stream()
              .flatMap(other -> other.level().stream())
              .map(level -> " " + level)
              .collect(Collectors.joining());
      lines(row, words(row) + levels).forEach(lines::add);
      left.removeAll(same);
    }
    return lines;
  }

  private static Stream<Line> lines(DiffRow row, String item) {
    List<String> first = row.first().map(DiffFact::lines).orElse(List.of());
    List<String> second = row.second().map(DiffFact::lines).orElse(List.of());
    return IntStream.range(0, Math.max(first.size(), second.size()))
        .mapToObj(
            i ->
                new Line(row.difference().mark(), i == 0 ? item : "", at(first, i), at(second, i)));
  }

  private static String at(List<String> lines, int i) {
    return i < lines.size() ? lines.get(i) : "";
  }

  private static String words(DiffRow row) {
    return row.item().replace('-', ' ');
  }
}
