package org.mmport.conformance;

import java.util.Arrays;
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

  private final int[] entries = new int[Kind.values().length];
  private final int[] folios = new int[Kind.values().length];

  /** What was counted, from now on anew. */
  Counts take() {
    return new Counts(take(entries), take(folios));
  }

  private static Map<Kind, Integer> take(int[] counts) {
    Map<Kind, Integer> taken = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      if (counts[kind.ordinal()] > 0) {
        taken.put(kind, counts[kind.ordinal()]);
      }
    }
    Arrays.fill(counts, 0);
    return Map.copyOf(taken);
  }

  @Override
  public void entry(Kind kind, long hostAddr) {
    entries[kind.ordinal()]++;
  }

  @Override
  public void folio(Kind kind, long pfn) {
    folios[kind.ordinal()]++;
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
