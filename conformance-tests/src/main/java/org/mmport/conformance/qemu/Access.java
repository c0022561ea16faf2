package org.mmport.conformance.qemu;

import org.mmport.spi.Rights;

/** What a CPU does at an address. The order is that of the guests' first operations. */
enum Access {
  KERNEL_READ(Rights.KERNEL_READ),
  KERNEL_WRITE(Rights.KERNEL_WRITE),
  KERNEL_FETCH(Rights.KERNEL_EXEC),
  USER_READ(Rights.USER_READ),
  USER_WRITE(Rights.USER_WRITE),
  USER_FETCH(Rights.USER_EXEC);

  private final int right;

  Access(int right) {
    this.right = right;
  }

  /** The {@link Rights} bit that it needs. */
  int right() {
    return right;
  }

  boolean writes() {
    return (right & Rights.WRITE) != 0;
  }

  boolean fetches() {
    return (right & Rights.EXEC) != 0;
  }

  boolean user() {
    return (right & Rights.USER) != 0;
  }

  /** For people: {@code user write}. */
  String words() {
    return name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
  }
}
