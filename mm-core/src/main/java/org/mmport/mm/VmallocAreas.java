package org.mmport.mm;

import java.util.Map;
import java.util.TreeMap;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.VaRegion;

/**
 * Which addresses of an area are taken by which pages: {@code vm_struct} and {@code vmap_area} of
 * Linux {@code mm/vmalloc.c}. Each mapping has a page behind it at which nothing is.
 */
final class VmallocAreas {
  private final VaRegion region;
  private final long pageBytes;

  /** By first address, from the region's, so that they ascend. */
  private final TreeMap<Long, long[]> taken = new TreeMap<>();

  VmallocAreas(VaRegion region, long pageBytes) {
    this.region = region;
    this.pageBytes = pageBytes;
  }

  /** How many pages a size takes. */
  int pages(long sizeBytes) {
    return (int) ((sizeBytes + pageBytes - 1) / pageBytes);
  }

  /**
   * The lowest address at which there is room for a size and the page behind.
   *
   * @throws InvalidRequestException for a size that is not positive, or where there is none
   */
  long requireGap(long sizeBytes) {
    long bytes = region.lastVa() - region.firstVa() + 1;
    if (sizeBytes <= 0 || sizeBytes > bytes - pageBytes || sizeBytes / pageBytes > 1L << 30) {
      throw new InvalidRequestException(
          "vmalloc of 0x%x bytes: must be 1 to 0x%x".formatted(sizeBytes, bytes - pageBytes));
    }
    long needed = (pages(sizeBytes) + 1) * pageBytes;
    long at = 0;
    for (Map.Entry<Long, long[]> area : taken.entrySet()) {
      if (area.getKey() - at >= needed) {
        break;
      }
      at = area.getKey() + (area.getValue().length + 1) * pageBytes;
    }
    if (bytes - at < needed) {
      throw new InvalidRequestException(
          "vmalloc of 0x%x bytes: no gap of that size is left; vfree something first"
              .formatted(sizeBytes));
    }
    return region.firstVa() + at;
  }

  void add(long va, long[] pfns) {
    taken.put(va - region.firstVa(), pfns);
  }

  /**
   * The pages of the mapping that begins at an address.
   *
   * @throws InvalidRequestException when none does
   */
  long[] require(long va) {
    long[] pfns = taken.get(va - region.firstVa());
    if (pfns == null) {
      throw new InvalidRequestException(
          "vfree 0x%x: no mapping begins there; name what vmalloc returned".formatted(va));
    }
    return pfns;
  }

  void remove(long va) {
    taken.remove(va - region.firstVa());
  }

  /** Pages of all mappings. */
  long pages() {
    return taken.values().stream().mapToLong(pfns -> pfns.length).sum();
  }
}
