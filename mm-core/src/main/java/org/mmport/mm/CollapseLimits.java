package org.mmport.mm;

import org.mmport.spi.InvalidRequestException;

/**
 * How much a range may lack for it to be made a huge page: {@code max_ptes_none}, {@code
 * max_ptes_swap} and {@code max_ptes_shared} of /sys/kernel/mm/transparent_hugepage/khugepaged.
 *
 * @param none pages that are not there or zero, which take memory from then on
 * @param swapped pages that are brought in from swap
 * @param shared pages that others have too, and that are then there twice
 * @param young pages that must have been used lately, or nobody gains by it
 * @param youngIfSwapped the same where any is to be brought in from swap
 */
public record CollapseLimits(int none, int swapped, int shared, int young, int youngIfSwapped) {
  /** Who asks for it by {@code MADV_COLLAPSE} knows why. */
  public static final CollapseLimits MADVISE =
      new CollapseLimits(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, 0, 0);

  public CollapseLimits {
    if (Math.min(Math.min(none, swapped), Math.min(shared, Math.min(young, youngIfSwapped))) < 0) {
      throw new InvalidRequestException(
          "collapse with %d none, %d swapped, %d shared, %d or %d young: each must be 0 or more"
              .formatted(none, swapped, shared, young, youngIfSwapped));
    }
  }

  /**
   * The same, however few are used: none, swapped and shared alone.
   *
   * @return without a limit for young pages
   */
  public static CollapseLimits of(int none, int swapped, int shared) {
    return new CollapseLimits(none, swapped, shared, 0, 0);
  }

  /**
   * What {@code khugepaged} begins with, for a huge page of so many pages ({@code
   * khugepaged_init()}, {@code hpage_collapse_scan_pmd()} of mm/khugepaged.c).
   */
  public static CollapseLimits khugepaged(int pages) {
    return new CollapseLimits(pages - 1, pages / 8, pages / 2, 1, pages / 2);
  }
}
