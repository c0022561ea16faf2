package org.mmport.pgtable;

import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;

/**
 * A mapping that is asked for: {@code va..lastVa} to memory from {@code physAddr}, leaves of {@code
 * largest} at most.
 */
record MapRequest(long va, long lastVa, long physAddr, long pgprot, Level largest) {

  long physAddrOf(long at) {
    return physAddr + (at - va);
  }

  /**
   * Whether one entry of the level, from {@code firstVa} to {@code lastVa} of the request, becomes
   * a leaf.
   */
  boolean isLeaf(PagingGeometry geometry, Level level, long firstVa, long lastVaOfEntry) {
    if (level == Level.PTE) {
      return true;
    }
    long spanBytes = geometry.spanBytes(level);
    return geometry.at(level).leafAllowed()
        && level.compareTo(largest) >= 0
        && Long.compareUnsigned(physAddrOf(lastVaOfEntry), geometry.lastPhysAddr(level)) <= 0
        && lastVaOfEntry - firstVa == spanBytes - 1
        && ((firstVa | physAddrOf(firstVa)) & (spanBytes - 1)) == 0;
  }
}
