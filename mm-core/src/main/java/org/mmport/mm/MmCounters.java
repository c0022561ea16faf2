package org.mmport.mm;

/**
 * What an address space has, as {@code /proc/PID/status} counts it.
 *
 * @param anonPages pages of anonymous memory that are mapped: RssAnon
 * @param filePages pages of files that are mapped: RssFile and RssShmem
 * @param swapEntries pages that are swapped out: VmSwap
 */
public record MmCounters(long anonPages, long filePages, long swapEntries) {
  /** Nothing. */
  public static final MmCounters ZERO = new MmCounters(0, 0, 0);

  MmCounters plus(long anon, long file, long swap) {
    return new MmCounters(anonPages + anon, filePages + file, swapEntries + swap);
  }
}
