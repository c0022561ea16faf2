package org.mmport.pgtable;

import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.PagingGeometry;

/**
 * What {@link PagingGeometry} derives each time that it is asked, derived once: for walks down to
 * single tables, which ask at each level.
 */
final class TreeShape {
  private static final Level[] LEVELS = Level.values();

  private final Level root;
  private final int[] shifts = new int[LEVELS.length];
  private final int[] indexMasks = new int[LEVELS.length];
  private final Level[] nextReal = new Level[LEVELS.length];

  private final long lastPhysAddr;

  TreeShape(PagingGeometry geometry) {
    this.root = geometry.rootLevel();
    long last = 0;
    for (LevelGeometry at : geometry.levels()) {
      Level level = at.level();
      last = Math.max(last, geometry.lastPhysAddr(level));
      shifts[level.ordinal()] = geometry.shift(level);
      indexMasks[level.ordinal()] = at.entries() - 1;
      nextReal[level.ordinal()] = level == Level.PTE ? level : geometry.nextReal(level);
    }
    this.lastPhysAddr = last;
  }

  /** As {@link PagingGeometry#rootLevel}. */
  Level rootLevel() {
    return root;
  }

  /** The last address that an entry of any level can hold. */
  long lastPhysAddr() {
    return lastPhysAddr;
  }

  /** As {@link PagingGeometry#index}. */
  int index(Level level, long va) {
    return (int) (va >>> shifts[level.ordinal()]) & indexMasks[level.ordinal()];
  }

  /** As {@link PagingGeometry#spanBytes}. */
  long spanBytes(Level level) {
    return 1L << shifts[level.ordinal()];
  }

  /** As {@link PagingGeometry#nextReal}; PTE comes after itself. */
  Level nextReal(Level level) {
    return nextReal[level.ordinal()];
  }

  /**
   * The level whose entries lead to tables of another.
   *
   * @throws InvalidRequestException where there are no tables of that level below the root
   */
  Level above(Level level) {
    for (Level above = root; above != Level.PTE; above = nextReal(above)) {
      if (nextReal(above) == level) {
        return above;
      }
    }
    throw new InvalidRequestException(
        "level %s: no entry leads to tables of it; name a level below %s that the variant has"
            .formatted(level, root));
  }
}
