package org.mmport.spi;

import java.util.Arrays;

/**
 * Runs of entries that say by a bit of theirs that hardware may cache the run as one translation:
 * aligned, of consecutive memory as aligned, alike in all but young and dirty, which hardware may
 * set in any of them and which count for all. Made where a whole run is stored or completed,
 * dissolved where a part of one is to change. The algorithms are those of Linux's {@code
 * arch/arm64/mm/contpte.c}.
 *
 * @param bit what a member of a run has set
 * @param pteEntries members of a run at PTE; a power of two
 * @param upper the level of huge leaves that have runs too
 * @param upperEntries members of a run there; a power of two
 */
public record ContiguousRuns(long bit, int pteEntries, Level upper, int upperEntries)
    implements BatchOps {

  public ContiguousRuns {
    if (Integer.bitCount(pteEntries) != 1 || Integer.bitCount(upperEntries) != 1) {
      throw new InvalidRequestException(
          "runs of %d and %d entries: must be powers of two".formatted(pteEntries, upperEntries));
    }
  }

  /** Runs by the bit that says so in a format, of pages and of the next larger leaves. */
  public static ContiguousRuns of(
      PteFormat format, PagingGeometry geometry, int pteEntries, int upperEntries) {
    Level upper = Level.PGD;
    while (geometry.nextReal(upper) != Level.PTE) {
      upper = geometry.nextReal(upper);
    }
    return new ContiguousRuns(format.bits().contiguous(), pteEntries, upper, upperEntries);
  }

  @Override
  public int runEntries(Level level) {
    return level == Level.PTE ? pteEntries : level == upper ? upperEntries : 1;
  }

  /** Also one kept from hardware: it joins again as it is when it is given back. */
  @Override
  public boolean inRun(long raw, Level level, PteFormat format) {
    return (raw & bit) != 0 && format.present(raw, level);
  }

  /** As {@code contpte_try_fold()}: the last of a run. */
  @Override
  public boolean mayComplete(int index, long raw, Level level, PteFormat format) {
    int members = runEntries(level);
    return (~index & (members - 1)) == 0
        && members > 1
        && format.valid(raw, level)
        && !format.special(raw, level);
  }

  // Reading.

  @Override
  public int hint(EntryArray table, int index) {
    return inRun(table, index) ? end(table, index) - index : 1;
  }

  /** As far as there is anything to gather, as {@code contpte_ptep_get()} does since 2025. */
  @Override
  public long get(EntryArray table, int index) {
    long raw = table.get(index);
    if (inRun(raw, table.level(), table.format())) {
      int end = end(table, index);
      for (int i = start(table, index); i < end && !hasAllMarks(raw, table); i++) {
        raw = BatchOps.gathered(raw, table.get(i), table);
      }
    }
    return raw;
  }

  private static boolean hasAllMarks(long raw, EntryArray table) {
    return table.format().young(raw, table.level()) && table.format().dirty(raw, table.level());
  }

  /**
   * Again until every member is one: without the lock a run may be met half made, as in {@code
   * contpte_ptep_get_lockless()}. Where it stays so, the table is broken and the entry speaks for
   * itself.
   */
  @Override
  public long getLockless(EntryArray table, int index) {
    int start = start(table, index);
    int end = end(table, index);
    long[] before = {};
    while (true) {
      long own = table.get(index);
      if (!inRun(own, table.level(), table.format())) {
        return own;
      }
      long[] members = new long[end - start];
      for (int i = start; i < end; i++) {
        members[i - start] = table.get(i);
      }
      if (alike(members, member(table, own, start - index), table)) {
        for (long member : members) {
          own = BatchOps.gathered(own, member, table);
        }
        return own;
      }
      if (Arrays.equals(members, before)) {
        return own;
      }
      before = members;
    }
  }

  // Changing.

  /** As {@code contpte_set_ptes()}, and {@code __contpte_try_fold()} for a single one. */
  @Override
  public void set(LeafTable table, int index, int nr, long raw) {
    long single = raw & ~bit;
    if (nr == 1) {
      table.set(index, single);
      complete(table, index, single);
      return;
    }
    int members = runEntries(table.level());
    int first = (index + members - 1) & -members;
    int last = (index + nr) & -members;
    if (first >= last || !mayStart(table, member(table, single, first - index))) {
      table.fill(index, nr, single);
      return;
    }
    fill(table, index, first, index, single);
    fill(table, first, last, index, single | bit);
    fill(table, last, index + nr, index, single);
  }

  private static void fill(LeafTable table, int from, int to, int index, long raw) {
    if (from < to) {
      table.fill(from, to - from, member(table, raw, from - index));
    }
  }

  @Override
  public void isolate(LeafTable table, int index, int nr) {
    if (start(table, index) < index && inRun(table, index)) {
      make(table, start(table, index), 0);
    }
    int last = index + nr - 1;
    if (end(table, last) > last + 1 && inRun(table, last)) {
      make(table, start(table, last), 0);
    }
  }

  @Override
  public long clear(LeafTable table, int index, int nr) {
    isolate(table, index, nr);
    return BatchOps.super.clear(table, index, nr);
  }

  /** In place where runs are whole, as {@link #wrProtect}. */
  @Override
  public void modify(LeafTable table, int index, int nr, long pgprot) {
    isolate(table, index, nr);
    BatchOps.super.modify(table, index, nr, pgprot);
  }

  /** In place where runs are whole: their members may differ in this while they change. */
  @Override
  public void wrProtect(LeafTable table, int index, int nr) {
    isolate(table, index, nr);
    BatchOps.super.wrProtect(table, index, nr);
  }

  @Override
  public boolean mkOld(LeafTable table, int index, int nr) {
    int first = first(table, index);
    return BatchOps.super.mkOld(table, first, after(table, index + nr - 1) - first);
  }

  @Override
  public void mkClean(LeafTable table, int index, int nr) {
    int first = first(table, index);
    BatchOps.super.mkClean(table, first, after(table, index + nr - 1) - first);
  }

  /** All members, in place: {@code contpte_clear_young_dirty_ptes()}. */
  @Override
  public void mkOldClean(LeafTable table, int index, int nr) {
    int first = first(table, index);
    BatchOps.super.mkOldClean(table, first, after(table, index + nr - 1) - first);
  }

  /**
   * All members, since a CPU without hardware's marks looks at the one that it has; but a run that
   * is to become writable is dissolved.
   */
  @Override
  public boolean setAccessFlags(LeafTable table, int index, long raw) {
    PteFormat format = table.format();
    long old = table.get(index);
    if (format.write(raw, table.level()) && !format.write(old, table.level())) {
      isolate(table, index, 1);
    }
    boolean changed = false;
    int after = after(table, index);
    for (int i = first(table, index); i < after; i++) {
      changed |= BatchOps.super.setAccessFlags(table, i, raw);
    }
    return changed;
  }

  // Making and dissolving.

  /** Makes a run where the leaf at an index is the last that one lacks. */
  void complete(LeafTable table, int index, long raw) {
    if (!mayComplete(index, raw, table.level(), table.format())) {
      return;
    }
    int start = start(table, index);
    int members = index + 1 - start;
    long runBytes = members * table.spanBytes();
    long physAddr = table.format().physAddr(raw, table.level()) + table.spanBytes() - runBytes;
    if ((physAddr & (runBytes - 1)) != 0 || !table.oneFolio(physAddr, runBytes)) {
      return;
    }
    long first = table.format().withPhysAddr(raw, physAddr, table.level());
    long[] all = new long[members];
    for (int i = 0; i < members; i++) {
      all[i] = table.get(start + i);
    }
    if (mayStart(table, first) && alike(all, first, table)) {
      make(table, start, bit);
    }
  }

  /**
   * Makes a run, or single leaves of one: never in place, but empties them, has that flushed, and
   * stores them anew, as they were where the flush fails. {@code contpte_convert()}.
   */
  private void make(LeafTable table, int start, long bitOfMembers) {
    int members = runEntries(table.level());
    long raw = BatchOps.super.clear(table, start, members);
    long stored = raw;
    try {
      if (table.format().valid(raw, table.level())) {
        table.flushNow(start, members, raw);
      }
      stored = (raw & ~bit) | bitOfMembers;
    } finally {
      table.fill(start, members, stored);
    }
  }

  /** Whether a valid leaf at the start of a run lies in memory so that others may join it. */
  private boolean mayStart(LeafTable table, long raw) {
    Level level = table.level();
    long runBytes = runEntries(level) * table.spanBytes();
    return runEntries(level) > 1
        && table.owner() == TableOwner.USER
        && table.format().valid(raw, level)
        && (table.format().physAddr(raw, level) & (runBytes - 1)) == 0;
  }

  // Where runs lie.

  private boolean inRun(EntryArray table, int index) {
    return inRun(table.get(index), table.level(), table.format());
  }

  private int start(EntryArray table, int index) {
    return index & -runEntries(table.level());
  }

  private int end(EntryArray table, int index) {
    return start(table, index) + runEntries(table.level());
  }

  /** The first of what is cached with an entry. */
  private int first(EntryArray table, int index) {
    return inRun(table, index) ? start(table, index) : index;
  }

  /** The one after the last of what is cached with an entry. */
  private int after(EntryArray table, int index) {
    return inRun(table, index) ? end(table, index) : index + 1;
  }

  /** The leaf that is so many entries further in the run of another. */
  private static long member(EntryArray table, long raw, long entries) {
    long physAddr = table.format().physAddr(raw, table.level());
    return table.format().withPhysAddr(raw, physAddr + entries * table.spanBytes(), table.level());
  }

  /** Whether leaves map consecutive memory from the first on, alike in all but young and dirty. */
  private static boolean alike(long[] members, long first, EntryArray table) {
    for (int i = 0; i < members.length; i++) {
      if (unmarked(members[i], table) != unmarked(member(table, first, i), table)) {
        return false;
      }
    }
    return true;
  }

  private static long unmarked(long raw, EntryArray table) {
    return table.format().mkOld(table.format().mkClean(raw, table.level()), table.level());
  }
}
