package org.mmport.spi;

/**
 * A segment as an entry of the segment lookaside buffer has it: a stretch of effective addresses
 * and the virtual segment that they lie in.
 *
 * @param firstVa first effective address
 * @param shift log2 of the segment's bytes: 28 or 40 on ppc64
 * @param vsid number of the virtual segment
 * @param pageShift log2 of the base page size, by which entries are hashed
 * @param flags what else the segment says (keys, no-execute), in the port's own bits
 */
public record HashSegment(long firstVa, int shift, long vsid, int pageShift, long flags) {
  /** Whether an effective address lies in it. */
  public boolean contains(long va) {
    return va >>> shift == firstVa >>> shift;
  }

  /** Where in the segment an address lies, in bytes. */
  public long offset(long va) {
    return va & (1L << shift) - 1;
  }
}
