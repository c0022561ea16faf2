package org.mmport.conformance;

import java.util.EnumMap;
import java.util.Map;
import org.mmport.machine.LockName;
import org.mmport.machine.Steps;

/** Counts what is done to entries and folios. */
final class StepTally implements Steps {
  /**
   * What was done since the last {@link #take}.
   *
   * @param entries what was done to entries of tables
   * @param folios what was done to counts and flags of folios
   */
  record Counts(Map<Kind, Integer> entries, Map<Kind, Integer> folios) {
    int entries(Kind kind) {
      return entries.getOrDefault(kind, 0);
    }

    int folios(Kind kind) {
      return folios.getOrDefault(kind, 0);
    }
  }

  private final Map<Kind, Integer> entries = new EnumMap<>(Kind.class);
  private final Map<Kind, Integer> folios = new EnumMap<>(Kind.class);

  /** What was counted, from now on anew. */
  Counts take() {
    Counts counts = new Counts(Map.copyOf(entries), Map.copyOf(folios));
    entries.clear();
    folios.clear();
    return counts;
  }

  @Override
  public void entry(Kind kind, long hostAddr) {
    entries.merge(kind, 1, Integer::sum);
  }

  @Override
  public void folio(Kind kind, long pfn) {
    folios.merge(kind, 1, Integer::sum);
  }

  @Override
  public void acquire(LockName lock) {
    // Not counted.
  }

  @Override
  public void release(LockName lock) {
    // Not counted.
  }
}
