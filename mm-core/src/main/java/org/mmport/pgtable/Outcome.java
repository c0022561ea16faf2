package org.mmport.pgtable;

import org.mmport.spi.Level;

/** How a walk ended. */
public sealed interface Outcome {
  /**
   * At a leaf.
   *
   * @param physAddr what the address translates to
   * @param sizeBytes bytes that the leaf maps
   * @param level where the leaf was found
   * @param raw the leaf
   * @param rights {@link org.mmport.spi.Rights} that all levels together leave
   */
  record Mapped(long physAddr, long sizeBytes, Level level, long raw, int rights)
      implements Outcome {}

  /**
   * Nowhere.
   *
   * @param reason why, as a closed choice
   * @param level where the walk ended
   * @param detail the same for people: which value broke which rule
   */
  record Fault(FaultReason reason, Level level, String detail) implements Outcome {}
}
