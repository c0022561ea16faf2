package org.mmport.spi;

/**
 * Whose half of the address space a table serves; some architectures mark table entries
 * accordingly.
 */
public enum TableOwner {
  USER,
  KERNEL
}
