package org.mmport.spi;

import java.util.Optional;

/** How the TLB keys its entries where it is not by address space: ppc64 hash, by segment. */
public interface SegmentMap {
  /** No segments: the whole address space is one. */
  SegmentMap NONE =
      new SegmentMap() {
        @Override
        public int segmentShift() {
          return Long.SIZE;
        }

        @Override
        public long segment(long context, long va) {
          return context;
        }
      };

  /** log2 of the smallest segment's bytes; 64 where there are none. */
  int segmentShift();

  /**
   * The key that TLB entries for this address carry, in the address space with this context number.
   */
  long segment(long context, long va);

  /** The hash table that translations of these segments live in; none by default. */
  default Optional<HashMmu> hashMmu() {
    return Optional.empty();
  }
}
