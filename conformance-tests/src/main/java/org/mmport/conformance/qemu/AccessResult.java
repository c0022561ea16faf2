package org.mmport.conformance.qemu;

import org.mmport.spi.Level;

/** How an access ends: where, and with which entry. */
sealed interface AccessResult {
  /** In place of an address where nothing is mapped. */
  long NOWHERE = -1;

  /** Where it ends, or would end if it were allowed. */
  long physAddr();

  /** Level of the entry that decided. */
  Level level();

  /** The entry that decided, as it was before. */
  long raw();

  record Done(long physAddr, Level level, long raw) implements AccessResult {}

  record Fault(FaultCause cause, Level level, long raw, long physAddr) implements AccessResult {
    /** One that comes before anything is known to be mapped. */
    Fault(FaultCause cause, Level level, long raw) {
      this(cause, level, raw, NOWHERE);
    }
  }

  /** Why hardware refuses. */
  enum FaultCause {
    NON_CANONICAL,
    NOT_PRESENT,
    RESERVED_BIT,
    ACCESS_FLAG,
    PERMISSION;

    /** For people: {@code not present}. */
    String words() {
      return name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
    }
  }
}
