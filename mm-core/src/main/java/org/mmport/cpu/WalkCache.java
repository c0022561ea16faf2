package org.mmport.cpu;

import java.util.Arrays;

/**
 * Pointers to tables that walks went through, with the rights that all entries down to them leave:
 * Intel calls it the paging-structure caches, Arm the walk cache, Power the page walk cache. Not
 * thread-safe: the CPU's lock guards it.
 */
final class WalkCache {
  private static final int STRIDE = 4;
  private static final int OWNER = 1;
  private static final int TABLE = 2;
  private static final int RIGHTS = 3;

  /** In the place of rights: the table was freed. */
  private static final long FREED = 64;

  private final int slots;
  private final int[] shifts;
  private final int[] tableBytes;
  private final long[] words;
  private final FrameHints hints;

  /**
   * An empty one.
   *
   * @param shifts log2 of what an entry spans, by level; 0 for levels that nothing is cached of
   * @param tableBytes of the tables that entries of the level point at
   */
  WalkCache(TlbShape shape, int[] shifts, int[] tableBytes, FrameHints hints) {
    this.slots = shape.tablesPerLevel();
    this.shifts = shifts;
    this.tableBytes = tableBytes;
    this.words = new long[shifts.length * slots * STRIDE];
    this.hints = hints;
  }

  /** Where the pointer that an entry of a level held for an address is, or negative. */
  int find(int level, long owner, long va) {
    if (shifts[level] == 0) {
      return -1;
    }
    int at = slot(level, va);
    return words[at] == tag(level, va) && words[at + OWNER] == owner ? at : -1;
  }

  long table(int at) {
    return words[at + TABLE];
  }

  int rights(int at) {
    return (int) words[at + RIGHTS];
  }

  boolean isFreed(int at) {
    return (words[at + RIGHTS] & FREED) != 0;
  }

  void put(int level, long owner, long va, long table, int rights) {
    if (shifts[level] == 0) {
      return;
    }
    int at = slot(level, va);
    empty(at);
    words[at] = tag(level, va);
    words[at + OWNER] = owner;
    words[at + TABLE] = table;
    words[at + RIGHTS] = rights;
    hints.add(table, tableBytes[level]);
  }

  /** Forgets what an owner has, or {@link Tlb#ANYBODY}, on the way to addresses first to last. */
  void drop(long owner, long first, long last) {
    for (int at = 0; at < words.length; at += STRIDE) {
      if (words[at] != 0 && (owner == Tlb.ANYBODY || words[at + OWNER] == owner)) {
        int shift = shifts[level(at)];
        long span = words[at] - 1;
        if (span >= (first >>> shift) && span <= (last >>> shift)) {
          empty(at);
        }
      }
    }
  }

  /** Forgets everything. */
  void clear() {
    for (int at = 0; at < words.length; at += STRIDE) {
      empty(at);
    }
    Arrays.fill(words, 0);
  }

  void markFreed(long physAddr, long sizeBytes) {
    for (int at = 0; at < words.length; at += STRIDE) {
      long table = words[at + TABLE];
      if (words[at] != 0
          && table < physAddr + sizeBytes
          && physAddr < table + tableBytes[level(at)]) {
        words[at + RIGHTS] |= FREED;
      }
    }
  }

  private void empty(int at) {
    if (words[at] != 0) {
      hints.remove(words[at + TABLE], tableBytes[level(at)]);
      words[at] = 0;
    }
  }

  private int level(int at) {
    return at / (slots * STRIDE);
  }

  /** Entries span at least two pages, so that one more is no overflow. */
  private long tag(int level, long va) {
    return (va >>> shifts[level]) + 1;
  }

  private int slot(int level, long va) {
    return (level * slots + ((int) (va >>> shifts[level]) & (slots - 1))) * STRIDE;
  }
}
