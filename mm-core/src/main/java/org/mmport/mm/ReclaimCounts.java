package org.mmport.mm;

/**
 * What reclaim came to ({@code /proc/vmstat}).
 *
 * @param scanned pages that were looked at: pgscan
 * @param freed pages whose memory was given back: pgsteal
 * @param kept pages that stayed, because they were used since they were looked at last, are locked
 *     or pinned, or have nowhere to go
 * @param swappedOut pages written to swap: pswpout
 * @param fileWrites pages written to files
 * @param lazyFreed pages dropped that nobody needed any more: pglazyfreed
 */
public record ReclaimCounts(
    long scanned, long freed, long kept, long swappedOut, long fileWrites, long lazyFreed) {
  /** Nothing. */
  public static final ReclaimCounts ZERO = new ReclaimCounts(0, 0, 0, 0, 0, 0);

  /** These and others together. */
  public ReclaimCounts plus(ReclaimCounts other) {
    return new ReclaimCounts(
        scanned + other.scanned,
        freed + other.freed,
        kept + other.kept,
        swappedOut + other.swappedOut,
        fileWrites + other.fileWrites,
        lazyFreed + other.lazyFreed);
  }
}
