package org.mmport.cpu;

import org.mmport.spi.Rights;

/**
 * What a CPU does at an address, and on whose behalf. What keeps kernels from user pages at their
 * own wish (SMAP, PAN, KUAP) is off: the {@link Rights} of the entries decide.
 */
public enum Access {
  KERNEL_READ(Rights.KERNEL_READ),
  KERNEL_WRITE(Rights.KERNEL_WRITE),
  KERNEL_EXEC(Rights.KERNEL_EXEC),
  USER_READ(Rights.USER_READ),
  USER_WRITE(Rights.USER_WRITE),
  USER_EXEC(Rights.USER_EXEC);

  private final int right;

  Access(int right) {
    this.right = right;
  }

  /** The one of {@link Rights} that it needs. */
  public int right() {
    return right;
  }

  public boolean writes() {
    return (right & Rights.WRITE) != 0;
  }

  public boolean fetches() {
    return (right & Rights.EXEC) != 0;
  }

  public boolean isUser() {
    return (right & Rights.USER) != 0;
  }
}
