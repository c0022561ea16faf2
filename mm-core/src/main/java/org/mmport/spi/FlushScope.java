package org.mmport.spi;

/** How much of what a CPU has cached about a range must go; each includes the one before. */
public enum FlushScope {
  /** Nothing. */
  NONE,
  /** Translations of the range. */
  LEAF,
  /** Translations of the range and everything cached of the tables above them. */
  WALK_CACHES
}
