package org.mmport.arch.ppc64;

import java.util.Optional;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.SegmentMap;

/** The TLB's keys: VSIDs, and in bit 62 which of the two sizes of segment they are of. */
record Ppc64Segments(Ppc64HashMmu mmu) implements SegmentMap {
  @Override
  public int segmentShift() {
    return Ppc64HashMmu.SHIFT_256M;
  }

  @Override
  public long segment(long context, long va) {
    HashSegment segment = mmu.segment(context, va);
    return segment.vsid() | (segment.shift() == Ppc64HashMmu.SHIFT_1T ? 1L << 62 : 0);
  }

  @Override
  public Optional<HashMmu> hashMmu() {
    return Optional.of(mmu);
  }
}
