package org.mmport.image;

import java.util.ArrayList;
import java.util.List;

/** What a dump lacks, in order; bounded, since a garbage file can lack a great deal. */
final class DumpWarnings {
  private static final int LINES_KEPT = 20;

  private final List<String> lines = new ArrayList<>();
  private long dropped;

  void add(String line) {
    if (lines.size() < LINES_KEPT) {
      lines.add(line);
    } else {
      dropped++;
    }
  }

  List<String> lines() {
    if (dropped == 0) {
      return List.copyOf(lines);
    }
    List<String> all = new ArrayList<>(lines);
    all.add("and " + dropped + " more warnings of these kinds");
    return List.copyOf(all);
  }
}
