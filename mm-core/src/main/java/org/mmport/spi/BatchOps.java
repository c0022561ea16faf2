package org.mmport.spi;

import java.util.function.LongUnaryOperator;

/**
 * Operations on runs of leaves of one table, under the table's lock. The defaults go entry by entry
 * and are the law: an override ({@link ContiguousRuns}) must equal them in everything that a reader
 * through {@link #get} sees, save that young and dirty may be those of the run that an entry is
 * cached with. The core never hears of contiguous bits.
 *
 * <p>In each, {@code nr} is at least 1 and the entries lie in the table.
 */
public interface BatchOps {
  /** No contiguous entries. */
  BatchOps ENTRY_WISE = new BatchOps() {};

  // What a port knows.

  /** Entries of an aligned run that hardware may cache as one translation; 1 where none are. */
  default int runEntries(Level level) {
    return 1;
  }

  /** Whether an entry is a leaf that says that it is one of such a run. */
  default boolean inRun(long raw, Level level, PteFormat format) {
    return false;
  }

  /** Whether a leaf at this index may be the last that a run lacks. Cheap, and asked first. */
  default boolean mayComplete(int index, long raw, Level level, PteFormat format) {
    return false;
  }

  // Reading.

  /** Entries from this one to the end of its run: alike in all but the frame, young and dirty. */
  default int hint(EntryArray table, int index) {
    return 1;
  }

  /** The leaf at an index, young and dirty if any entry that is cached together with it is. */
  default long get(EntryArray table, int index) {
    return table.get(index);
  }

  /** The same without the lock, while others change the table. */
  default long getLockless(EntryArray table, int index) {
    return table.get(index);
  }

  // Changing.

  /**
   * Stores {@code nr} leaves that map consecutive memory of one folio, the first being {@code raw},
   * into entries that are not present. A single one may complete a run.
   */
  default void set(LeafTable table, int index, int nr, long raw) {
    if (nr == 1) {
      table.set(index, raw);
    } else {
      table.fill(index, nr, raw);
    }
  }

  /**
   * Sees to it that no entry of these is cached together with one that is not of these. Whoever
   * changes entries by other means than this interface calls it before.
   */
  default void isolate(LeafTable table, int index, int nr) {}

  /**
   * Empties entries and returns what the first one was, young and dirty if any of them was. What is
   * owed for that is the caller's to note.
   */
  default long clear(LeafTable table, int index, int nr) {
    return table.take(index, nr);
  }

  /**
   * Replaces present leaves that are like {@code old} but for their frames, each by one like {@code
   * raw} that maps what it maps, until it meets one that hardware changed meanwhile. Returns how
   * many it replaced. What is owed is the caller's to note.
   */
  default int replace(LeafTable table, int index, int nr, long old, long raw) {
    return table.replace(index, nr, old, raw);
  }

  /**
   * Gives present leaves that are alike but for their frames, young and dirty other rights, each
   * with the marks that it has. None is one that must be empty and flushed before it changes.
   */
  default void modify(LeafTable table, int index, int nr, long pgprot) {
    for (int i = index; i < index + nr; i++) {
      change(table, i, raw -> table.format().modify(raw, pgprot, table.level()));
    }
  }

  /** Takes write permission from present leaves, and keeps them dirty if they were. */
  default void wrProtect(LeafTable table, int index, int nr) {
    for (int i = index; i < index + nr; i++) {
      change(table, i, raw -> table.format().wrProtect(raw, table.level()));
    }
  }

  /**
   * Makes present leaves old, and with them what they are cached with; returns if any was young.
   */
  default boolean mkOld(LeafTable table, int index, int nr) {
    boolean young = false;
    for (int i = index; i < index + nr; i++) {
      long old = change(table, i, raw -> table.format().mkOld(raw, table.level()));
      young |= table.format().young(old, table.level());
    }
    return young;
  }

  /** Makes present leaves clean, and with them what they are cached with. */
  default void mkClean(LeafTable table, int index, int nr) {
    for (int i = index; i < index + nr; i++) {
      change(table, i, raw -> table.format().mkClean(raw, table.level()));
    }
  }

  /**
   * Makes present leaves old and clean, each in one step, and with them what they are cached with:
   * {@code clear_young_dirty_ptes()}.
   */
  default void mkOldClean(LeafTable table, int index, int nr) {
    for (int i = index; i < index + nr; i++) {
      change(table, i, raw -> oldClean(raw, table));
    }
  }

  /**
   * Makes a present leaf young, dirty and writable where {@code raw} is, as a fault does that found
   * it not to be; takes nothing away. Returns whether anything changed.
   */
  default boolean setAccessFlags(LeafTable table, int index, long raw) {
    long old = change(table, index, there -> withAccess(there, raw, table));
    return withAccess(old, raw, table) != old;
  }

  /**
   * Changes one leaf, again where hardware was faster, notes what that owes, and returns what it
   * was.
   */
  private static long change(LeafTable table, int index, LongUnaryOperator to) {
    while (true) {
      long old = table.get(index);
      long changed = to.applyAsLong(old);
      if (changed == old) {
        return old;
      }
      if (table.compareAndSet(index, old, changed)) {
        table.owe(index, 1, old, changed);
        return old;
      }
    }
  }

  private static long oldClean(long raw, EntryArray table) {
    return table.format().mkOld(table.format().mkClean(raw, table.level()), table.level());
  }

  /** A leaf, young and dirty also where another is. */
  static long gathered(long leaf, long other, EntryArray table) {
    PteFormat format = table.format();
    Level level = table.level();
    if (((leaf ^ other) & ~format.frameMask(level)) == 0) {
      return leaf;
    }
    long result = leaf;
    if (format.present(other, level)) {
      result = format.young(other, level) ? format.mkYoung(result, level) : result;
      result = format.dirty(other, level) ? format.mkDirty(result, level) : result;
    }
    return result;
  }

  /** A leaf, young, dirty and writable also where another is. */
  private static long withAccess(long leaf, long other, EntryArray table) {
    PteFormat format = table.format();
    Level level = table.level();
    long writable = format.write(other, level) ? format.mkWrite(leaf, level) : leaf;
    return gathered(writable, other, table);
  }
}
