package org.mmport.pgtable;

import java.util.Map;
import org.mmport.spi.Level;

/**
 * What a visit came across.
 *
 * @param leaves leaves by level that hardware uses
 * @param tables distinct tables by level, the root included; folded levels have none
 * @param tableBytes bytes of the entries of those tables
 * @param nonPresent entries that are neither none nor valid
 * @param problems how often each kind of problem was met
 */
public record WalkSummary(
    Map<Level, Long> leaves,
    Map<Level, Long> tables,
    long tableBytes,
    long nonPresent,
    Map<WalkProblem, Long> problems) {
  public WalkSummary {
    leaves = Map.copyOf(leaves);
    tables = Map.copyOf(tables);
    problems = Map.copyOf(problems);
  }
}
