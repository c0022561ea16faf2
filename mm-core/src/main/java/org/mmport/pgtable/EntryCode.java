package org.mmport.pgtable;

import org.mmport.machine.PageRows;
import org.mmport.machine.SinglePages;
import org.mmport.machine.Steps;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/**
 * The loops that run once per entry, compiled separately for every variant and level.
 *
 * <p>{@link EntryCodeTemplate} is written against {@link MmuVariant} like everything else; {@link
 * VariantCode} makes a class of it for each variant.
 */
abstract class EntryCode {
  /**
   * What a copy of the template is for: walks of a variant, and runs of entries of one level, in
   * memory whose main extent starts at a base, and is the only one or not. Steps are told of each
   * access; {@link Steps#NONE} costs nothing, being a constant.
   */
  record Target(MmuVariant variant, long base, boolean flat, Steps steps, Level level) {}

  /**
   * The entry at an address, {@code empty} of the level where that is no memory. One atomic load.
   */
  abstract long load(EntryMemory memory, long entryAddr, Level level);

  /**
   * The same as hardware loads it: in one access also where software takes two. Between those, an
   * entry may be emptied and made anew with the same low half, and the halves not belong together.
   */
  abstract long loadWhole(EntryMemory memory, long entryAddr, Level level);

  /** Stores an entry so that whoever sees it also sees what was stored before. */
  abstract void store(EntryMemory memory, long entryAddr, long raw);

  /** Stores an entry unless it is no longer what was expected, in one atomic step. */
  abstract boolean compareAndSet(EntryMemory memory, long entryAddr, long expected, long raw);

  /** Physical address that a CPU would reach, or {@link TableWalker#NOT_MAPPED}. */
  abstract long translate(EntryMemory memory, long[] roots, long va);

  // Requests for a single page. False, and nothing changed, where one is for more than that, breaks
  // a rule, or needs more than a change of one entry at PTE level.

  /** Stores a leaf at PTE level into an entry that is none; false also where there is no table. */
  abstract boolean mapPage(
      PteCursor cursor, long va, long physAddr, long sizeBytes, long pgprot, MmuGather gather);

  /**
   * Empties an entry at PTE level, and unhooks the tables that have no entry in use then; true also
   * where there was nothing.
   */
  abstract boolean unmapPage(PteCursor cursor, long va, long sizeBytes, MmuGather gather);

  /** Gives a present entry at PTE level other rights; true also where there was none. */
  abstract boolean protectPage(
      PteCursor cursor, long va, long sizeBytes, long pgprot, MmuGather gather);

  // The rest is about tables of the level that this code was made for.

  /**
   * Takes the child out of a table, to be freed later. Any address below the entry will do to have
   * forgotten what is cached of it, so no more is named than was asked.
   */
  abstract void unhook(
      TableSpace space, long table, long va, long lastVa, long child, MmuGather gather);

  /** Index of the first entry that is not none, or {@code index + count}. */
  abstract int firstUsed(EntryMemory memory, long table, int index, int count);

  /** Stores leaves that map consecutive memory, the first being {@code raw}, and nothing else. */
  abstract void storeRun(EntryMemory memory, long entryAddr, int count, long raw);

  /**
   * Replaces leaves that are like {@code old} but for their frames, each by one like {@code raw}
   * that maps what it maps, up to the first that is not like it any more; returns how many.
   */
  abstract int replaceRun(EntryMemory memory, long entryAddr, int count, long old, long raw);

  /**
   * Stores leaves that map consecutive memory, the first being {@code raw}, into entries that are
   * none.
   */
  abstract void fill(
      MmTables mm, long table, int index, int count, long raw, long va, MmuGather gather);

  /**
   * Empties present leaves by plain stores, and returns what the first was.
   *
   * @return an empty entry, and nothing changed, where they differ in more than their frames or
   *     somebody may have a mark left to set in any: then each must be exchanged
   */
  abstract long takeSettled(EntryMemory memory, long entryAddr, int count);

  /**
   * Empties entries, leaves and swap entries alike, but not tables; returns how many were in use.
   */
  abstract int clear(MmTables mm, long table, int index, int count, long va, MmuGather gather);

  /**
   * Lets another table have what leaves of one map, up to the first entry that is in use and not of
   * a page that {@link SinglePages#tryDup} takes, or is cached with others.
   *
   * @param behind gets that entry as it was read
   * @return how many entries come before it
   */
  abstract int shareSingles(
      PteTable from, PteTable to, int first, int most, SinglePages pages, long[] behind);

  /**
   * Empties leaves, each with its page unmapped, up to the first entry that is in use and not of a
   * page that {@link SinglePages#tryUnmap} takes, or is cached with others.
   *
   * @param unmapped gets the pages
   * @param behind gets that entry as it was read
   * @return how many entries come before it
   */
  abstract int unmapSingles(
      PteTable table, int first, int most, SinglePages pages, PageRows unmapped, long[] behind);

  /**
   * How many leaves there are from one on that map memory in a row and are alike in all else, or
   * fewer.
   *
   * @param raw what that one is
   * @param most 1 or more
   */
  abstract int row(PteTable table, int index, int most, long raw);

  /**
   * Takes the right to write from present leaves, and returns what the first is then.
   *
   * @param raw the first, as {@link PteTable#get} has it
   */
  abstract long wrProtect(PteTable table, int index, int count, long raw);

  /** Gives present leaves other rights. */
  abstract void protect(
      MmTables mm, long table, int index, int count, long va, long pgprot, MmuGather gather);
}
