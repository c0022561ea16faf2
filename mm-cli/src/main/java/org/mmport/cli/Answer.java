package org.mmport.cli;

import java.util.List;

/**
 * What an address comes to.
 *
 * @param steps the way there, a line each, for people
 */
record Answer(long va, List<String> steps, Result result) {
  sealed interface Result {}

  /** With the physical address of {@code va} itself. */
  record Mapped(LeafFacts facts, long physAddr) implements Result {}

  /**
   * @param word the reason, as documented for scripts
   * @param level where, as documented for scripts
   */
  record Fault(String word, String level, String detail) implements Result {}
}
