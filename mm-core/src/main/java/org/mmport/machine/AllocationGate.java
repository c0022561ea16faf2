package org.mmport.machine;

/**
 * Asked once before every allocation of frames, and of a table in a slab that is already there. A
 * test lets the n-th one fail and so reaches each place where memory can run out.
 */
@FunctionalInterface
public interface AllocationGate {
  /** Lets everything pass. */
  AllocationGate OPEN = (order, node) -> true;

  /**
   * Whether the allocation may be tried; false makes it fail with {@link OutOfFramesException}.
   *
   * @param order log2 of the frames asked for; 0 for a table in a slab
   * @param node the node asked for
   */
  boolean permits(int order, int node);
}
