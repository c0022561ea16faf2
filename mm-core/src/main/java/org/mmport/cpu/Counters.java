package org.mmport.cpu;

/** One CPU's part of {@link CpuCounts}, guarded by its lock. */
final class Counters {
  long tlbHits;
  long tlbMisses;
  long walks;
  long walkCacheHits;
  long entriesRead;
  long accessedMarks;
  long dirtyMarks;
  long hashFaults;
  long faults;
  long flushedTranslations;
  long rootReloads;
}
