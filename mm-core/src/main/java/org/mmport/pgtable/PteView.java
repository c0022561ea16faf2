package org.mmport.pgtable;

/**
 * One table of the last level, which others may be using too, for those who look, and who change
 * what is right for all that use it. Whoever wants to change anything else asks for a {@link
 * PteTable}, and that is never shared.
 */
public interface PteView {
  /** Which entry is for an address that the table serves. */
  int index(long va);

  /** What whoever accounts for its entries keeps with it, and a copy of it gets too. */
  long note();

  /** Entries from this one on that are cached together: alike in all but frame, young and dirty. */
  int hint(int index);

  /** An entry, young and dirty if anything that it is cached with is. */
  long get(int index);

  /** Makes present leaves old; returns whether any was young. */
  boolean mkOld(int index, int nr);

  /** Makes a present leaf young; returns whether it was not. */
  boolean mkYoung(int index);

  /**
   * Stores a leaf where none is: one that every process with the same mappings would come to have
   * there, and for which nobody counts anything, as that of the page of zeros.
   */
  void fill(int index, long raw);
}
