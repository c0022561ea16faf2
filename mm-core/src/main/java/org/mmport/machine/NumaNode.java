package org.mmport.machine;

import org.mmport.spi.InvalidRequestException;

/**
 * The memory of one NUMA node: consecutive frames without a hole.
 *
 * @param id 0 to 32767; in a {@link NumaTopology} its position
 * @param firstPhysAddr physical address of its first byte
 * @param sizeBytes at least 1; whole frames, which the allocator checks because it knows their size
 */
public record NumaNode(int id, long firstPhysAddr, long sizeBytes) {
  public NumaNode {
    if (id < 0 || id > Short.MAX_VALUE) {
      throw new InvalidRequestException("NUMA node " + id + ": ids are 0 to " + Short.MAX_VALUE);
    }
    if (firstPhysAddr < 0 || sizeBytes <= 0 || firstPhysAddr + sizeBytes < 0) {
      throw new InvalidRequestException(
          "NUMA node %d at 0x%x+0x%x: must have bytes and end below 2^63"
              .formatted(id, firstPhysAddr, sizeBytes));
    }
  }

  /** Physical address of the first byte behind the node. */
  public long endPhysAddr() {
    return firstPhysAddr + sizeBytes;
  }
}
