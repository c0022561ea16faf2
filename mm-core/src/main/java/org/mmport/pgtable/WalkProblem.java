package org.mmport.pgtable;

/** Why a visit could not follow an entry, or does not report it as a mapping. */
public enum WalkProblem {
  /** The table that the entry points at lies outside the memory that is there. */
  TABLE_OUTSIDE_MEMORY("table-outside-memory"),
  /** The entry has bits set that hardware demands zero: every access through it would fault. */
  RESERVED_BIT("reserved-bit"),
  /** The table is already on the way down to this entry. */
  CYCLE("cycle"),
  /**
   * Too many tables have been visited a second time; what is below was reported at its first visit.
   */
  REVISIT_LIMIT("revisit-limit");

  private final String word;

  WalkProblem(String word) {
    this.word = word;
  }

  /** The problem as a stable word for scripts. */
  public String word() {
    return word;
  }
}
