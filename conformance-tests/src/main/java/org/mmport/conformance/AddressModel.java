package org.mmport.conformance;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.mmport.spi.Protection;

/**
 * What an address space should hold, as plain ranges: no levels, no tables, no entries. Addresses
 * are unsigned and ranges inclusive.
 */
final class AddressModel {
  private final TreeMap<Long, Range> ranges = new TreeMap<>(Long::compareUnsigned);

  /** Consecutive memory with one protection. */
  record Range(long va, long lastVa, long physAddr, Protection protection) {
    long physAddrOf(long at) {
      return physAddr + (at - va);
    }

    Range part(long first, long last) {
      return new Range(first, last, physAddrOf(first), protection);
    }
  }

  void map(long va, long sizeBytes, long physAddr, Protection protection) {
    ranges.put(va, new Range(va, va + sizeBytes - 1, physAddr, protection));
  }

  void unmap(long va, long sizeBytes) {
    splitAt(va);
    splitBehind(va + sizeBytes - 1);
    ranges.subMap(va, true, va + sizeBytes - 1, true).clear();
  }

  void protect(long va, long sizeBytes, Protection protection) {
    splitAt(va);
    splitBehind(va + sizeBytes - 1);
    ranges
        .subMap(va, true, va + sizeBytes - 1, true)
        .replaceAll((first, r) -> new Range(first, r.lastVa(), r.physAddr(), protection));
  }

  /** The range that holds an address. */
  Optional<Range> at(long va) {
    Map.Entry<Long, Range> floor = ranges.floorEntry(va);
    return floor == null || Long.compareUnsigned(floor.getValue().lastVa(), va) < 0
        ? Optional.empty()
        : Optional.of(floor.getValue());
  }

  /** Whether nothing is mapped from {@code va} on. */
  boolean isFree(long va, long sizeBytes) {
    Map.Entry<Long, Range> floor = ranges.floorEntry(va + sizeBytes - 1);
    return floor == null || Long.compareUnsigned(floor.getValue().lastVa(), va) < 0;
  }

  /** Bytes mapped. */
  long bytes() {
    return ranges.values().stream().mapToLong(r -> r.lastVa() - r.va() + 1).sum();
  }

  private void splitAt(long va) {
    at(va)
        .filter(r -> r.va() != va)
        .ifPresent(
            r -> {
              ranges.put(r.va(), r.part(r.va(), va - 1));
              ranges.put(va, r.part(va, r.lastVa()));
            });
  }

  private void splitBehind(long lastVa) {
    if (lastVa != -1L) {
      splitAt(lastVa + 1);
    }
  }
}
