package org.mmport.pgtable;

import org.mmport.spi.Level;

/**
 * Told what a visit finds, in ascending order of addresses. Arguments are primitive, so a visit
 * allocates nothing.
 */
public interface TableVisitor {
  /**
   * A leaf that hardware uses.
   *
   * @param va first address that it maps
   * @param rights {@link org.mmport.spi.Rights} that all levels together leave
   */
  void leaf(long va, long raw, Level level, int rights);

  /** A table is entered; {@code firstVa} is the first address that it could map. */
  default void table(long tableAddr, Level level, long firstVa) {}

  /** An entry that hardware does not use but that is not none: swap, PROT_NONE, made invalid. */
  default void nonPresent(long va, long raw, Level level) {}

  /** An entry that could not be followed; the visit goes on behind it. */
  default void problem(long va, long raw, Level level, WalkProblem problem) {}
}
