package org.mmport.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/** Gathers the rows of one section, asking both variants for each. */
final class DiffRows {
  private final DiffSection section;
  private final MmuVariant first;
  private final MmuVariant second;
  private final List<DiffRow> rows = new ArrayList<>();

  DiffRows(DiffSection section, MmuVariant first, MmuVariant second) {
    this.section = section;
    this.first = first;
    this.second = second;
  }

  /** A row of what no level has for itself. */
  void add(String item, Function<MmuVariant, Optional<? extends DiffFact>> fact) {
    add(Optional.empty(), item, fact);
  }

  /** A row about a level. */
  void add(Level level, String item, Function<MmuVariant, Optional<? extends DiffFact>> fact) {
    add(Optional.of(level), item, fact);
  }

  List<DiffRow> rows() {
    return List.copyOf(rows);
  }

  private void add(
      Optional<Level> level, String item, Function<MmuVariant, Optional<? extends DiffFact>> fact) {
    Optional<DiffFact> one = fact.apply(first).map(DiffFact.class::cast);
    Optional<DiffFact> other = fact.apply(second).map(DiffFact.class::cast);
    if (one.isPresent() || other.isPresent()) {
      rows.add(new DiffRow(section, level, item, one, other));
    }
  }
}
