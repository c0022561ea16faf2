package org.mmport.spi;

/** Operations on runs as {@link ContiguousRuns} has them, but for some. */
sealed interface OverRuns extends BatchOps permits NaiveRuns, KnownRuns {
  /** Those that it is over. */
  ContiguousRuns in();

  @Override
  default int runEntries(Level level) {
    return in().runEntries(level);
  }

  @Override
  default boolean inRun(long raw, Level level, PteFormat format) {
    return in().inRun(raw, level, format);
  }

  @Override
  default boolean mayComplete(int index, long raw, Level level, PteFormat format) {
    return in().mayComplete(index, raw, level, format);
  }

  @Override
  default int hint(EntryArray table, int index) {
    return in().hint(table, index);
  }

  @Override
  default long get(EntryArray table, int index) {
    return in().get(table, index);
  }

  @Override
  default long getLockless(EntryArray table, int index) {
    return in().getLockless(table, index);
  }

  @Override
  default void set(LeafTable table, int index, int nr, long raw) {
    in().set(table, index, nr, raw);
  }

  @Override
  default void isolate(LeafTable table, int index, int nr) {
    in().isolate(table, index, nr);
  }

  @Override
  default long clear(LeafTable table, int index, int nr) {
    return in().clear(table, index, nr);
  }

  @Override
  default int replace(LeafTable table, int index, int nr, long old, long raw) {
    return in().replace(table, index, nr, old, raw);
  }

  @Override
  default void modify(LeafTable table, int index, int nr, long pgprot) {
    in().modify(table, index, nr, pgprot);
  }

  @Override
  default void wrProtect(LeafTable table, int index, int nr) {
    in().wrProtect(table, index, nr);
  }

  @Override
  default boolean mkOld(LeafTable table, int index, int nr) {
    return in().mkOld(table, index, nr);
  }

  @Override
  default void mkClean(LeafTable table, int index, int nr) {
    in().mkClean(table, index, nr);
  }

  @Override
  default void mkOldClean(LeafTable table, int index, int nr) {
    in().mkOldClean(table, index, nr);
  }

  @Override
  default boolean setAccessFlags(LeafTable table, int index, long raw) {
    return in().setAccessFlags(table, index, raw);
  }
}
