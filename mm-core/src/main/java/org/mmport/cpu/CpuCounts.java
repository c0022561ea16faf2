package org.mmport.cpu;

/**
 * What CPUs did, all together.
 *
 * @param tlbHits accesses that a cached translation served
 * @param tlbMisses those that needed more, faults included
 * @param walks walks of a tree or look-ups in the hash table, repeated ones too
 * @param walkCacheHits walks that began at a cached table pointer
 * @param entriesRead entries of tables, by walks and by loads of a root that is cached
 * @param accessedMarks entries that hardware marked as accessed
 * @param dirtyMarks leaves that hardware marked as written
 * @param hashFaults look-ups in the hash table that software had to fill
 * @param faults accesses that ended in a fault
 * @param leafFlushes flushes of translations, by request
 * @param walkCacheFlushes flushes of table pointers too, by request
 * @param globalFlushes those of them that named global translations
 * @param flushedTranslations translations that flushes found cached
 * @param rootReloads loads of a root that a flush asked for, by CPU
 * @param ipis CPUs that had to be interrupted for a flush; none with {@code BROADCAST_TLBI}
 */
public record CpuCounts(
    long tlbHits,
    long tlbMisses,
    long walks,
    long walkCacheHits,
    long entriesRead,
    long accessedMarks,
    long dirtyMarks,
    long hashFaults,
    long faults,
    long leafFlushes,
    long walkCacheFlushes,
    long globalFlushes,
    long flushedTranslations,
    long rootReloads,
    long ipis) {}
