package org.mmport.pgtable;

import java.util.List;

/** A translation, step by step, root first. A non-canonical address has no steps. */
public record Walk(long va, List<WalkStep> steps, Outcome outcome) {
  public Walk {
    steps = List.copyOf(steps);
  }
}
