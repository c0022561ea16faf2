package org.mmport.mm;

/**
 * How a child of fork comes to see what its parent has mapped privately. Whatever the way, nobody
 * but who counts tables and entries can tell which it was.
 */
public interface ForkStrategy {
  /** Entry by entry, at once: {@code copy_page_range()} as it was up to Linux 6.7. */
  ForkStrategy EAGER = new EagerCopy();

  /** What users call it: one word. */
  String name();

  /**
   * Gives the child what faults could not bring back.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for a table or a copy;
   *     the child may have part of it then
   */
  void copy(Fork fork);
}
