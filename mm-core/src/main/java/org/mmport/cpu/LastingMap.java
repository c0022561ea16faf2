package org.mmport.cpu;

import org.mmport.spi.VaRegion;

/**
 * Addresses at which memory is mapped whether anybody has it or not, as the kernel's linear map
 * does: a translation of one is not stale because the memory was freed. None until they are named.
 */
final class LastingMap {
  private volatile long firstVa;
  private volatile long bytes;

  /** Before anything is mapped there. */
  void set(VaRegion region) {
    firstVa = region.firstVa();
    bytes = region.lastVa() - region.firstVa() + 1;
  }

  boolean contains(long va) {
    return Long.compareUnsigned(va - firstVa, bytes) < 0;
  }
}
