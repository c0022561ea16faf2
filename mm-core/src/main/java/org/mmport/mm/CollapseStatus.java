package org.mmport.mm;

/** What an attempt to make a huge page of a range came to: {@code enum scan_result}. */
public enum CollapseStatus {
  /** A huge page maps it now. */
  COLLAPSED,
  /** One did before: {@code SCAN_PMD_MAPPED}. */
  MAPPED_ALREADY,
  /** Nothing is mapped at its first address: {@code SCAN_VMA_NULL}. */
  NOT_MAPPED,
  /** The mapping at its first address has not all of it: {@code SCAN_ADDRESS_RANGE}. */
  NOT_ONE_MAPPING,
  /** Its pages are not aligned in their file as it is: {@code SCAN_ADDRESS_RANGE}. */
  NOT_ALIGNED,
  /** The file ends in it: {@code SCAN_TRUNCATED}. */
  BEYOND_FILE,
  /** The process has own copies of pages of the file: {@code SCAN_FAIL}. */
  OWN_COPIES,
  /** {@link HugePageAdvice#NOHUGEPAGE} was given: {@code SCAN_VMA_CHECK}. */
  ADVISED_AGAINST,
  /** Nothing of it was ever there: {@code SCAN_PMD_NONE}. */
  NO_TABLE,
  /** More is not there, or zero, than the limit: {@code SCAN_EXCEED_NONE_PTE}. */
  TOO_FEW_PAGES,
  /** More is in swap than the limit: {@code SCAN_EXCEED_SWAP_PTE}. */
  TOO_MANY_SWAPPED,
  /** Others have more of it than the limit: {@code SCAN_EXCEED_SHARED_PTE}. */
  TOO_MANY_SHARED,
  /** Less of it was used lately than the limit: {@code SCAN_LACK_REFERENCED_PAGE}. */
  TOO_FEW_YOUNG,
  /** Somebody holds a page otherwise than by mapping it: {@code SCAN_PAGE_COUNT}. */
  PAGE_HELD,
  /** There is no block of that size: {@code SCAN_ALLOC_HUGE_PAGE_FAIL}. */
  NO_MEMORY,
  /** A page could not be brought in from swap: {@code SCAN_FAIL}. */
  NOT_SWAPPED_IN;

  /** Whether a huge page maps it. */
  public boolean isHuge() {
    return this == COLLAPSED || this == MAPPED_ALREADY;
  }
}
