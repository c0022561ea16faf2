package org.mmport.spi;

import java.util.Optional;

/**
 * A TLB that is keyed by the numbers of a hash table's segments, which are of two sizes at most.
 *
 * @param segmentShift log2 of the smaller one's bytes
 */
public record HashSegments(HashMmu mmu, int segmentShift) implements SegmentMap {
  private static final long LARGE = 1L << 62;

  /** Numbers of either size are numbers of their own, so the key says which size it is. */
  @Override
  public long segment(long context, long va) {
    HashSegment segment = mmu.segment(context, va);
    return segment.vsid() | (segment.shift() == segmentShift ? 0 : LARGE);
  }

  @Override
  public Optional<HashMmu> hashMmu() {
    return Optional.of(mmu);
  }
}
