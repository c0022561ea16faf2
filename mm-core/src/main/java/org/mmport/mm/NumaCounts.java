package org.mmport.mm;

/**
 * What NUMA hints came to ({@code /proc/vmstat}).
 *
 * @param pteUpdates pages that accesses were kept from: numa_pte_updates
 * @param hugePteUpdates leaves above the last level, each all of its pages above:
 *     numa_huge_pte_updates
 * @param hintFaults accesses of CPUs that met a hint: numa_hint_faults
 * @param hintFaultsLocal those of CPUs on the page's own node: numa_hint_faults_local
 * @param pagesMigrated pages that went to the node of who used them: numa_pages_migrated
 */
public record NumaCounts(
    long pteUpdates,
    long hugePteUpdates,
    long hintFaults,
    long hintFaultsLocal,
    long pagesMigrated) {
  /** Nothing. */
  public static final NumaCounts ZERO = new NumaCounts(0, 0, 0, 0, 0);

  NumaCounts plus(NumaCounts other) {
    return new NumaCounts(
        pteUpdates + other.pteUpdates,
        hugePteUpdates + other.hugePteUpdates,
        hintFaults + other.hintFaults,
        hintFaultsLocal + other.hintFaultsLocal,
        pagesMigrated + other.pagesMigrated);
  }
}
