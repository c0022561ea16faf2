package org.mmport.mm;

import org.mmport.pgtable.TableCounts;

/**
 * What an address space has, as {@code /proc/PID/status} counts it.
 *
 * @param anonPages pages of anonymous memory that are mapped: RssAnon
 * @param filePages pages of files that are mapped: RssFile and RssShmem
 * @param swapEntries pages that are swapped out: VmSwap
 * @param lockedPages pages of locked VMAs, in memory or not: VmLck
 * @param tables its page tables: VmPTE is their bytes
 */
public record MmCounters(
    long anonPages, long filePages, long swapEntries, long lockedPages, TableCounts tables) {
  /** Pages that are mapped: VmRSS. */
  public long residentPages() {
    return anonPages + filePages;
  }
}
