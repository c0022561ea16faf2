package org.mmport.pgtable;

import java.util.BitSet;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;

/** Which tables a visit has been in, as one bit per place where a table of a level can lie. */
final class TableSet {
  private final PagingGeometry geometry;
  private final PhysicalMemory memory;
  private final BitSet[] seen = new BitSet[Level.values().length];

  TableSet(PagingGeometry geometry, PhysicalMemory memory) {
    this.geometry = geometry;
    this.memory = memory;
    for (int i = 0; i < seen.length; i++) {
      seen[i] = new BitSet();
    }
  }

  /** Adds a table that lies in memory and returns whether it was new. */
  boolean add(Level level, long tableAddr) {
    long place = 0;
    int tableBytes = geometry.tableBytes(level);
    for (PhysicalMemory.Extent extent : memory.extents()) {
      if (extent.contains(tableAddr, 1)) {
        place += (tableAddr - extent.base()) / tableBytes;
        break;
      }
      place += extent.bytes().byteSize() / tableBytes + 1;
    }
    int bit = (int) Math.min(place, Integer.MAX_VALUE);
    BitSet bits = seen[level.ordinal()];
    boolean added = !bits.get(bit);
    bits.set(bit);
    return added;
  }
}
