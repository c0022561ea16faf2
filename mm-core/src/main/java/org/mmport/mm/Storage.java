package org.mmport.mm;

import java.lang.foreign.MemorySegment;

/** Where the pages of a file are when they are not in memory. Called by one thread at a time. */
public interface Storage {
  /** Fills one page of memory. Pages never written read as zeros. */
  void read(long page, MemorySegment to);

  /** Keeps one page. */
  void write(long page, MemorySegment from);

  /** Forgets the pages from there on: they read as zeros. */
  void truncate(long pages);

  /**
   * Whether it keeps what is written. A file whose storage does not lives in memory alone, as in
   * ramfs, or goes to swap, as shared anonymous memory does: nothing of it is ever written back.
   */
  default boolean keepsPages() {
    return true;
  }

  /** Storage of files that live in memory alone. */
  static Storage none() {
    return MemoryStorage.NONE;
  }
}
