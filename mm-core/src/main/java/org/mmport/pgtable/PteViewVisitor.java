package org.mmport.pgtable;

/** Told of the tables of the last level that serve a range, which others may use too. */
@FunctionalInterface
public interface PteViewVisitor {
  /**
   * A table.
   *
   * @param first index of the first entry that is in the range
   * @param count how many are
   * @param va the address that the first is for
   */
  void entries(PteView table, int first, int count, long va);
}
