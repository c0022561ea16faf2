package org.mmport.replay;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.mmport.mm.VmaRights;

/**
 * What a process of a trace has mapped, in the trace's own addresses and pages of 4 KiB: what its
 * kernel had, as far as the trace shows.
 */
final class TracedMappings {
  /**
   * A range that is alike.
   *
   * @param guessed whether the trace does not show how it came to be mapped, only that it was
   */
  record Range(long firstVa, long lastVa, VmaRights rights, boolean guessed) {
    Range clip(long first, long last) {
      return new Range(
          Long.compareUnsigned(first, firstVa) > 0 ? first : firstVa,
          Long.compareUnsigned(last, lastVa) < 0 ? last : lastVa,
          rights,
          guessed);
    }
  }

  private final TreeMap<Long, Range> byFirstVa = new TreeMap<>(Long::compareUnsigned);

  TracedMappings copy() {
    TracedMappings copy = new TracedMappings();
    copy.byFirstVa.putAll(byFirstVa);
    return copy;
  }

  Optional<Range> find(long va) {
    Map.Entry<Long, Range> at = byFirstVa.floorEntry(va);
    return at == null || Long.compareUnsigned(at.getValue().lastVa(), va) < 0
        ? Optional.empty()
        : Optional.of(at.getValue());
  }

  /** What there is in a range, clipped to it, ascending. */
  List<Range> in(long firstVa, long lastVa) {
    List<Range> found = new ArrayList<>();
    Map.Entry<Long, Range> before = byFirstVa.lowerEntry(firstVa);
    if (before != null && Long.compareUnsigned(before.getValue().lastVa(), firstVa) >= 0) {
      found.add(before.getValue().clip(firstVa, lastVa));
    }
    if (Long.compareUnsigned(firstVa, lastVa) <= 0) {
      for (Range range : byFirstVa.subMap(firstVa, true, lastVa, true).values()) {
        found.add(range.clip(firstVa, lastVa));
      }
    }
    return found;
  }

  /** The parts of a range where nothing is mapped, as first and last addresses. */
  List<long[]> holes(long firstVa, long lastVa) {
    List<long[]> holes = new ArrayList<>();
    long next = firstVa;
    for (Range range : in(firstVa, lastVa)) {
      if (range.firstVa() != next) {
        holes.add(new long[] {next, range.firstVa() - 1});
      }
      if (range.lastVa() == lastVa) {
        return holes;
      }
      next = range.lastVa() + 1;
    }
    holes.add(new long[] {next, lastVa});
    return holes;
  }

  /** What may be done with any part of a range, taken together; empty where nothing is mapped. */
  Optional<VmaRights> union(long firstVa, long lastVa) {
    return in(firstVa, lastVa).stream()
        .map(Range::rights)
        .reduce(
            (a, b) ->
                new VmaRights(a.read() || b.read(), a.write() || b.write(), a.exec() || b.exec()));
  }

  /** A range in the place of all that was there. */
  void put(Range range) {
    remove(range.firstVa(), range.lastVa());
    byFirstVa.put(range.firstVa(), range);
  }

  void remove(long firstVa, long lastVa) {
    for (Range part : in(firstVa, lastVa)) {
      Map.Entry<Long, Range> entry = byFirstVa.floorEntry(part.firstVa());
      Range whole = entry.getValue();
      byFirstVa.remove(entry.getKey());
      if (whole.firstVa() != part.firstVa()) {
        byFirstVa.put(whole.firstVa(), whole.clip(whole.firstVa(), part.firstVa() - 1));
      }
      if (whole.lastVa() != part.lastVa()) {
        byFirstVa.put(part.lastVa() + 1, whole.clip(part.lastVa() + 1, whole.lastVa()));
      }
    }
  }

  void protect(long firstVa, long lastVa, VmaRights rights) {
    for (Range part : in(firstVa, lastVa)) {
      put(new Range(part.firstVa(), part.lastVa(), rights, part.guessed()));
    }
  }
}
