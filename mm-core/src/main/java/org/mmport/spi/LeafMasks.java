package org.mmport.spi;

/**
 * Which bits of a physical address the leaves of each level choose: none below what they span, and
 * none at all where entries of the level are never leaves. A record of longs, so that what depends
 * on a level vanishes where the level is a constant.
 */
public record LeafMasks(long pgd, long p4d, long pud, long pmd, long pte) {
  /** For formats that look after levels themselves: leaves anywhere, at any address. */
  public static final LeafMasks ANY = new LeafMasks(-1, -1, -1, -1, -1);

  /** Those of a shape. */
  public static LeafMasks of(PagingGeometry geometry) {
    return new LeafMasks(
        of(geometry, Level.PGD),
        of(geometry, Level.P4D),
        of(geometry, Level.PUD),
        of(geometry, Level.PMD),
        of(geometry, Level.PTE));
  }

  private static long of(PagingGeometry geometry, Level level) {
    return geometry.at(level).leafAllowed() ? -geometry.spanBytes(level) : 0;
  }

  /**
   * Address bits that a leaf of the level chooses; 0 where there are no leaves. In one piece: cut
   * in two, the second half is called where few large entries were seen before, and not inlined.
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
