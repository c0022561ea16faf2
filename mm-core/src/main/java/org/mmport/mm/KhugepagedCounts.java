package org.mmport.mm;

/**
 * What {@link Khugepaged} did: {@code pages_collapsed} and {@code full_scans} of
 * /sys/kernel/mm/transparent_hugepage/khugepaged, and how much it looked at.
 *
 * @param scanned pages of the last level that were looked at, and mappings that were passed by
 * @param collapsed huge pages made
 * @param fullScans how often all mappings had been looked at
 */
public record KhugepagedCounts(long scanned, long collapsed, long fullScans) {
  /** Nothing. */
  public static final KhugepagedCounts ZERO = new KhugepagedCounts(0, 0, 0);

  KhugepagedCounts plus(long moreScanned, long moreCollapsed, long moreFullScans) {
    return new KhugepagedCounts(
        scanned + moreScanned, collapsed + moreCollapsed, fullScans + moreFullScans);
  }
}
