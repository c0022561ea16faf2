package org.mmport.pgtable;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import org.mmport.machine.OutOfFramesException;
import org.mmport.spi.Level;

/**
 * Tables allocated before an operation changes anything, so that it cannot run out of memory half
 * way (R2.40, R3.26). What was not needed goes back on close.
 */
final class TableReserve implements AutoCloseable {
  private final TableSpace space;
  private final Map<Level, Deque<Long>> tables = new EnumMap<>(Level.class);

  /**
   * Allocates so many tables of each level.
   *
   * @throws OutOfFramesException when they are not to be had; nothing stays allocated then
   */
  TableReserve(TableSpace space, int[] countByLevel) {
    this.space = space;
    try {
      for (Level level : Level.values()) {
        for (int i = 0; i < countByLevel[level.ordinal()]; i++) {
          tables.computeIfAbsent(level, l -> new ArrayDeque<>()).push(space.allocTable(level));
        }
      }
    } catch (OutOfFramesException e) {
      close();
      throw e;
    }
  }

  /** One of them, with anything in it, for a place that begins at this address. */
  long take(Level level, long firstVa) {
    Deque<Long> left = tables.get(level);
    if (left == null || left.isEmpty()) {
      throw new IllegalStateException(
          "the plan did not count a " + level + " table at 0x" + Long.toHexString(firstVa));
    }
    long table = left.pop();
    space.describe(table, firstVa);
    return table;
  }

  @Override
  public void close() {
    for (Deque<Long> left : tables.values()) {
      left.forEach(space::freeTable);
      left.clear();
    }
  }
}
