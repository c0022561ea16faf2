package org.mmport.pgtable;

import org.mmport.spi.HashSegment;

/** What came of looking an address up in a hash table. */
public sealed interface HashWalk {
  /** The effective address. */
  long va();

  /** Found, with the physical address of {@code va} itself. */
  record Mapped(
      long va, HashSegment segment, HashSlot slot, long physAddr, long sizeBytes, int rights)
      implements HashWalk {}

  /** No segment loaded holds the address: a segment fault. */
  record NoSegment(long va) implements HashWalk {}

  /** Neither group holds it: a hash fault; software may know more. */
  record NotHashed(long va, HashSegment segment, long primaryGroup) implements HashWalk {}
}
