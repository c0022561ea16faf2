package org.mmport.spi;

import java.util.function.ToLongFunction;

/**
 * A mask for each level. A record of longs, so that what depends on a level vanishes where the
 * level is a constant.
 */
public record LevelMasks(long pgd, long p4d, long pud, long pmd, long pte) {
  /** All bits at any level. */
  public static final LevelMasks ANY = of(level -> -1);

  /** None at any. */
  public static final LevelMasks NONE = of(level -> 0);

  static LevelMasks of(ToLongFunction<Level> mask) {
    return new LevelMasks(
        mask.applyAsLong(Level.PGD),
        mask.applyAsLong(Level.P4D),
        mask.applyAsLong(Level.PUD),
        mask.applyAsLong(Level.PMD),
        mask.applyAsLong(Level.PTE));
  }

  /**
   * That of a level. In one piece: cut in two, the second half is called where few entries of its
   * levels were seen before, and not inlined.
   */
  public long at(Level level) {
    if (level == Level.PTE) {
      return pte;
    }
    if (level == Level.PMD) {
      return pmd;
    }
    if (level == Level.PUD) {
      return pud;
    }
    return level == Level.P4D ? p4d : pgd;
  }
}
