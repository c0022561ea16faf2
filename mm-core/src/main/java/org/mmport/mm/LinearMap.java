package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.KernelAreas;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaRegion;

/**
 * Which memory is where in the linear map: one distance from all physical addresses, counted from
 * the first memory, rounded down so that the largest leaves fit ({@code memstart_addr} on arm64).
 * Where memory begins at 0, as on x86 and Power, that is 0.
 *
 * @param region its addresses
 * @param firstPhysAddr what its first address would be
 * @param mapped the memory that it holds, in whole pages; more is highmem
 */
record LinearMap(VaRegion region, long firstPhysAddr, List<PhysicalMemory.Extent> mapped) {

  static LinearMap of(PhysicalMemory memory, PagingGeometry geometry, KernelAreas areas) {
    long pageBytes = geometry.pageBytes();
    long first = memory.extents().getFirst().base() & -largestLeafBytes(geometry);
    VaRegion region = areas.linearMap();
    long bytes = region.lastVa() - region.firstVa() + 1;
    List<PhysicalMemory.Extent> mapped = new ArrayList<>();
    for (PhysicalMemory.Extent extent : memory.extents()) {
      long from = (extent.base() + pageBytes - 1) & -pageBytes;
      long end = (extent.base() + extent.bytes().byteSize()) & -pageBytes;
      long to = Math.min(end, first + Math.min(bytes, Long.MAX_VALUE - first));
      if (from < to) {
        var part = extent.bytes().asSlice(from - extent.base(), to - from);
        mapped.add(new PhysicalMemory.Extent(from, part));
      }
    }
    return new LinearMap(region, first, List.copyOf(mapped));
  }

  private static long largestLeafBytes(PagingGeometry geometry) {
    return geometry.levels().stream()
        .filter(LevelGeometry::leafAllowed)
        .mapToLong(level -> geometry.spanBytes(level.level()))
        .max()
        .orElse(geometry.pageBytes());
  }

  long physToVirt(long physAddr) {
    return region.firstVa() + (physAddr - firstPhysAddr);
  }

  long requireVirt(long physAddr) {
    if (!isMapped(physAddr)) {
      throw new InvalidRequestException(
          "physical 0x%x: the linear map holds %s; map it with vmalloc or take lower memory"
              .formatted(physAddr, describe()));
    }
    return physToVirt(physAddr);
  }

  long requirePhys(long va) {
    long physAddr = va - region.firstVa() + firstPhysAddr;
    if (!region.contains(va) || !isMapped(physAddr)) {
      throw new InvalidRequestException(
          "address 0x%x: the linear map is 0x%x..0x%x and holds physical %s"
              .formatted(va, region.firstVa(), region.lastVa(), describe()));
    }
    return physAddr;
  }

  private boolean isMapped(long physAddr) {
    return mapped.stream().anyMatch(part -> part.contains(physAddr, 1));
  }

  private String describe() {
    return String.join(
        ", ",
        mapped.stream()
            .map(
                part ->
                    "0x%x..0x%x".formatted(part.base(), part.base() + part.bytes().byteSize() - 1))
            .toList());
  }
}
