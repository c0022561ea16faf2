package org.mmport.spi;

/**
 * The five levels of a Linux page table, root first. All five always exist; a level that a variant
 * lacks is folded (0 index bits) and the walkers pass through it.
 */
public enum Level {
  PGD,
  P4D,
  PUD,
  PMD,
  PTE;

  private static final Level[] ALL = values();

  /** The next level towards the leaves. Refused for {@link #PTE}, which has none. */
  public Level below() {
    if (this == PTE) {
      throw new InvalidRequestException("level PTE: has no level below; stop the walk there");
    }
    return ALL[ordinal() + 1];
  }
}
