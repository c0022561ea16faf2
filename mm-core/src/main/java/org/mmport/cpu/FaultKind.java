package org.mmport.cpu;

/** Why a CPU cannot do what it was to do: what a fault's error code or syndrome says. */
public enum FaultKind {
  /** No root translates the address. */
  NON_CANONICAL("non-canonical"),
  /** An entry on the way is not valid. */
  NOT_PRESENT("not-present"),
  /** The entries do not permit it. */
  PERMISSION("permission"),
  /** The leaf is old, and hardware does not mark it: {@code HW_ACCESSED} is absent. */
  ACCESS_FLAG("access-flag"),
  /** An entry on the way has bits set that hardware demands zero. */
  RESERVED_BIT("reserved-bit"),
  /** A table on the way lies where no memory is. */
  OUTSIDE_MEMORY("outside-memory");

  private final String word;

  FaultKind(String word) {
    this.word = word;
  }

  /** The kind as a stable word for scripts. */
  public String word() {
    return word;
  }
}
