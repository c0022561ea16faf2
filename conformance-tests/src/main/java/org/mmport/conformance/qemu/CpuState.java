package org.mmport.conformance.qemu;

import org.mmport.spi.Level;

/** What the control registers of a CPU make of entries; from the manual. */
interface CpuState {
  /** The operation by which a guest gets its CPU into this state, everything flushed. */
  GuestOp operation();

  /** For people: which of the checks are on. */
  String words();

  /** More words for an access' operation; 0 where there is nothing to say. */
  default long accessFlags() {
    return 0;
  }

  /** What {@link org.mmport.spi.Rights} that the tables leave are worth in this state. */
  int rights(int rights);

  /** Whether hardware in this state takes a valid entry for one with reserved bits. */
  boolean reserved(long raw, Level level);

  /** An entry as hardware leaves it after it led somewhere. */
  long used(long raw, Level level);

  /** A leaf as hardware leaves it after a write through it. */
  long written(long raw, Level level);
}
