package org.mmport.machine;

import java.util.Map;
import java.util.TreeMap;

/** Allocated ranges of bytes, by first address: what an allocator must agree with. */
final class RangeModel {
  private final TreeMap<Long, Long> ends = new TreeMap<>();

  boolean isFree(long first, long sizeBytes) {
    Map.Entry<Long, Long> before = ends.lowerEntry(first + sizeBytes);
    return before == null || before.getValue() <= first;
  }

  void add(long first, long sizeBytes) {
    if (!isFree(first, sizeBytes)) {
      throw new AssertionError("0x%x+0x%x overlaps %s".formatted(first, sizeBytes, ends));
    }
    ends.put(first, first + sizeBytes);
  }

  long remove(long first) {
    Long end = ends.remove(first);
    if (end == null) {
      throw new AssertionError("0x%x is not allocated".formatted(first));
    }
    return end - first;
  }

  int size() {
    return ends.size();
  }

  long bytes() {
    return ends.entrySet().stream().mapToLong(e -> e.getValue() - e.getKey()).sum();
  }

  /** The n-th range's first address, in ascending order. */
  long first(int n) {
    return ends.keySet().stream().skip(n).findFirst().orElseThrow();
  }

  /** Whether the node has an aligned free block of a size. */
  boolean hasFreeBlock(NumaNode node, long blockBytes) {
    long first = (node.firstPhysAddr() + blockBytes - 1) / blockBytes * blockBytes;
    for (; first + blockBytes <= node.endPhysAddr(); first += blockBytes) {
      if (isFree(first, blockBytes)) {
        return true;
      }
    }
    return false;
  }

  /** How many aligned free blocks of a size the node has room for. */
  long freeBlocks(NumaNode node, long blockBytes) {
    long count = 0;
    long first = (node.firstPhysAddr() + blockBytes - 1) / blockBytes * blockBytes;
    for (; first + blockBytes <= node.endPhysAddr(); first += blockBytes) {
      count += isFree(first, blockBytes) ? 1 : 0;
    }
    return count;
  }
}
