package org.mmport.cli;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Merges neighbours in the address space that have the same rights. */
final class RangeMerger {
  private final RangeSink sink;
  private final Map<Long, Long> pages = new TreeMap<>();
  private Optional<LeafFacts> open = Optional.empty();
  private long firstVa;
  private long nextVa;

  RangeMerger(RangeSink sink) {
    this.sink = sink;
  }

  void add(long va, LeafFacts facts) {
    boolean continues =
        va == nextVa && open.filter(o -> o.rights().equals(facts.rights())).isPresent();
    if (!continues) {
      finish();
      firstVa = va;
      open = Optional.of(facts);
    }
    pages.merge(facts.sizeBytes(), 1L, Long::sum);
    nextVa = va + facts.sizeBytes();
  }

  void finish() {
    open.ifPresent(facts -> sink.range(firstVa, nextVa - 1, facts, Map.copyOf(pages)));
    open = Optional.empty();
    pages.clear();
  }
}
