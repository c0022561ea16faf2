package org.mmport.spi;

/** What an entry is; the same bit may mean different things in each. */
public enum EntryKind {
  /** Points at the next table. */
  TABLE,
  /** Points at the next table from a root whose entries are unlike those of other tables. */
  ROOT,
  /** Maps memory above the last level. */
  HUGE,
  /** Maps a page at the last level. */
  PAGE,
  /** Not present and not none: swap, migration, file offset. */
  SWAP
}
