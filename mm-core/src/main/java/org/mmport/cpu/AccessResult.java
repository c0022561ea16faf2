package org.mmport.cpu;

import org.mmport.spi.Level;

/** How an access ended. */
public sealed interface AccessResult {
  /**
   * It went through.
   *
   * @param physAddr of the byte at the address
   */
  record Done(long physAddr) implements AccessResult {}

  /**
   * It did not.
   *
   * @param level where the walk ended; the root's where there was none
   * @param raw the entry there, 0 where none was read
   */
  record Fault(FaultKind kind, Level level, long raw) implements AccessResult {}
}
