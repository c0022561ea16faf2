package org.mmport.pgtable;

/** Why an address does not translate. */
public enum FaultReason {
  /** No root translates the address. */
  NON_CANONICAL("non-canonical"),
  /** An entry on the way is not valid for hardware. */
  NOT_PRESENT("not-present"),
  /** An entry on the way has bits set that hardware demands zero. */
  RESERVED_BIT("reserved-bit"),
  /** A table on the way, or the root, lies outside the memory that is there. */
  OUTSIDE_MEMORY("outside-memory");

  private final String word;

  FaultReason(String word) {
    this.word = word;
  }

  /** The reason as a stable word for scripts. */
  public String word() {
    return word;
  }
}
