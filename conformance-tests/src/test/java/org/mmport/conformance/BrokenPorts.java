package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;

/** Ports with one thing wrong, and the clauses that must say so: those and no others. */
final class BrokenPorts {
  private BrokenPorts() {}

  static List<Broken> all() {
    List<Broken> all = new ArrayList<>();
    all.addAll(BrokenStates.all());
    all.addAll(BrokenLeaves.all());
    all.addAll(BrokenTables.all());
    all.addAll(BrokenShapes.all());
    all.addAll(BrokenFakes.all());
    all.addAll(BrokenPpc64.all());
    all.addAll(BrokenX86.all());
    all.addAll(BrokenArm64.all());
    all.addAll(BrokenRuns.all());
    all.addAll(BrokenArm64NoAfdbm.all());
    all.addAll(BrokenPpc64Hash.all());
    all.addAll(BrokenPpc64Of2006.all());
    return all;
  }
}
