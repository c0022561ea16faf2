package org.mmport.mm;

import org.mmport.spi.InvalidRequestException;

/**
 * How much a range may lack for it to be made a huge page: {@code max_ptes_none}, {@code
 * max_ptes_swap} and {@code max_ptes_shared} of /sys/kernel/mm/transparent_hugepage/khugepaged.
 *
 * @param none pages that are not there or zero, which take memory from then on
 * @param swapped pages that are brought in from swap
 * @param shared pages that others have too, and that are then there twice
 */
public record CollapseLimits(int none, int swapped, int shared) {
  /** Who asks for it by {@code MADV_COLLAPSE} knows why. */
  public static final CollapseLimits MADVISE =
      new CollapseLimits(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);

  public CollapseLimits {
    if (none < 0 || swapped < 0 || shared < 0) {
      throw new InvalidRequestException(
          "collapse with %d none, %d swapped, %d shared: each must be 0 or more"
              .formatted(none, swapped, shared));
    }
  }

  /** What {@code khugepaged} begins with, for a huge page of so many pages (mm/khugepaged.c). */
  public static CollapseLimits khugepaged(int pages) {
    return new CollapseLimits(pages - 1, pages / 8, pages / 2);
  }
}
