package org.mmport.mm;

/** What a process said of huge pages in a mapping: the last of {@code madvise()}'s two. */
public enum HugePageAdvice {
  /** Nothing. */
  NONE,
  /** {@code MADV_HUGEPAGE}: they are wanted. */
  HUGEPAGE,
  /** {@code MADV_NOHUGEPAGE}: there shall be no new ones. */
  NOHUGEPAGE
}
