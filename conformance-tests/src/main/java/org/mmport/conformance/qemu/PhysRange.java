package org.mmport.conformance.qemu;

/** Physical addresses from {@code first} up to, and without, {@code end}. */
record PhysRange(long first, long end) {
  boolean contains(long physAddr) {
    return physAddr >= first && physAddr < end;
  }
}
