package org.mmport.pgtable;

import java.util.List;
import org.mmport.machine.OutOfFramesException;
import org.mmport.spi.Level;

/**
 * Tables allocated before an operation changes anything, so that it cannot run out of memory half
 * way (R2.40, R3.26). What was not needed goes back on close.
 */
final class TableReserve implements AutoCloseable {
  private static final List<Level> LEVELS = List.of(Level.values());
  private static final long[] NO_TABLES = {};

  private final TableSpace space;

  /** Those of each level, by ordinal, and how many are left: each hooked table comes by here. */
  private final long[][] tables;

  private final int[] left;

  /**
   * Allocates so many tables of each level.
   *
   * @throws OutOfFramesException when they are not to be had; nothing stays allocated then
   */
  TableReserve(TableSpace space, int[] countByLevel) {
    this.space = space;
    this.tables = new long[countByLevel.length][];
    this.left = new int[countByLevel.length];
    try {
      for (int i = 0; i < countByLevel.length; i++) {
        allocate(i, countByLevel[i]);
      }
    } catch (OutOfFramesException e) {
      close();
      throw e;
    }
  }

  private void allocate(int ordinal, int count) {
    tables[ordinal] = count == 0 ? NO_TABLES : new long[count];
    while (left[ordinal] < count) {
      tables[ordinal][left[ordinal]] = space.allocTable(LEVELS.get(ordinal));
      left[ordinal]++;
    }
  }

  /** One of them, with anything in it, for a place that begins at this address. */
  long take(Level level, long firstVa) {
    int ordinal = level.ordinal();
    if (left[ordinal] == 0) {
      throw new IllegalStateException(
          "the plan did not count a " + level + " table at 0x" + Long.toHexString(firstVa));
    }
    long table = tables[ordinal][--left[ordinal]];
    space.describe(table, firstVa);
    return table;
  }

  @Override
  public void close() {
    for (int i = 0; i < left.length; i++) {
      while (left[i] > 0) {
        space.freeTable(tables[i][--left[i]]);
      }
    }
  }
}
