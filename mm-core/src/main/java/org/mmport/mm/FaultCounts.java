package org.mmport.mm;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** How many faults came to what, counted by any number of threads. */
final class FaultCounts {
  private final LongAdder[] counts = new LongAdder[FaultStatus.values().length];

  FaultCounts() {
    Arrays.setAll(counts, i -> new LongAdder());
  }

  void add(FaultStatus status) {
    counts[status.ordinal()].increment();
  }

  /** What happened at all. Exact while nobody counts. */
  Map<FaultStatus, Long> sums() {
    Map<FaultStatus, Long> sums = new EnumMap<>(FaultStatus.class);
    for (FaultStatus status : FaultStatus.values()) {
      long sum = counts[status.ordinal()].sum();
      if (sum != 0) {
        sums.put(status, sum);
      }
    }
    return sums;
  }
}
