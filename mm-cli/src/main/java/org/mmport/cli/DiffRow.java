package org.mmport.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.mmport.cli.DiffFact.Field;
import org.mmport.cli.DiffFact.Fields;
import org.mmport.spi.Level;

/**
 * One thing that two variants are compared in; a side that has nothing of it is empty, never both.
 */
record DiffRow(
    DiffSection section,
    Optional<Level> level,
    String item,
    Optional<DiffFact> first,
    Optional<DiffFact> second) {

  /** How the sides differ; the mark is what stands before the line. */
  enum Difference {
    EQUAL("equal", ' '),
    CHANGED("changed", '~'),
    FIRST_ONLY("first-only", '-'),
    SECOND_ONLY("second-only", '+');

    private final String word;
    private final char mark;

    Difference(String word, char mark) {
      this.word = word;
      this.mark = mark;
    }

    String word() {
      return word;
    }

    char mark() {
      return mark;
    }
  }

  Difference difference() {
    if (first.equals(second)) {
      return Difference.EQUAL;
    }
    return second.isEmpty()
        ? Difference.FIRST_ONLY
        : first.isEmpty() ? Difference.SECOND_ONLY : Difference.CHANGED;
  }

  boolean differs() {
    return difference() != Difference.EQUAL;
  }

  /** In what fields of entries differ that are there on both sides. */
  List<String> changes() {
    List<String> changes = new ArrayList<>();
    if (first.orElse(null) instanceof Fields one && second.orElse(null) instanceof Fields other) {
      addIfChanged(changes, "bits", one, other, Field::mask);
      addIfChanged(changes, "name", one, other, Field::name);
      addIfChanged(changes, "role", one, other, Field::role);
      addIfChanged(changes, "meaning", one, other, Field::meaning);
    }
    return changes;
  }

  private static void addIfChanged(
      List<String> changes, String word, Fields one, Fields other, Function<Field, Object> part) {
    List<Object> was = one.fields().stream().map(part).distinct().toList();
    if (!was.equals(other.fields().stream().map(part).distinct().toList())) {
      changes.add(word);
    }
  }
}
