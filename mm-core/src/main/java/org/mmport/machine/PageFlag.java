package org.mmport.machine;

/**
 * What may be said of a page or its folio, as {@code enum pageflags} in Linux
 * (include/linux/page-flags.h). Kept in the head of the folio, except {@link #ANON_EXCLUSIVE} and
 * {@link #MLOCKED}.
 */
public enum PageFlag {
  /**
   * Of the one page: this anonymous page belongs to a single address space, which may write it
   * without a copy.
   */
  ANON_EXCLUSIVE,
  /** Its bytes differ from what swap or the file has. */
  DIRTY,
  /** Was used since reclaim last looked, by a mapping that has gone: others are asked. */
  REFERENCED,
  /** Is in the swap cache, which holds one reference for each page. */
  SWAPCACHE,
  /** Is in a file's page cache, which holds one reference for each page. */
  PAGECACHE,
  /** The folio lock. */
  LOCKED,
  /**
   * Of the one page: some mlocked VMA maps it. Linux has it of folios, and counts a large one only
   * where a VMA has all of it ({@code mlock_pte_range()}); of pages it is exact for parts too.
   */
  MLOCKED,
  /** Its bytes are those that should be there: reading them in has ended. */
  UPTODATE,
  /** Anonymous: belongs to no file. */
  ANON,
  /**
   * Anonymous, and whoever has it needs what it holds no more: it may be dropped, without being
   * written anywhere, as long as nobody writes to it. Linux clears {@code PG_swapbacked} for that
   * ({@code folio_mark_lazyfree()}).
   */
  LAZYFREE;

  /** The bits of those that a page has for itself. */
  static final int OF_ONE_PAGE = ANON_EXCLUSIVE.bit() | MLOCKED.bit();

  int bit() {
    return 1 << ordinal();
  }

  boolean ofOnePage() {
    return (bit() & OF_ONE_PAGE) != 0;
  }
}
