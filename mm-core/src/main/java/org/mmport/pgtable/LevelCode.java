package org.mmport.pgtable;

import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;

/**
 * What compiled code needs of one level. A record held in a static final field: the JIT then treats
 * every component as a constant.
 */
record LevelCode(
    Level level,
    boolean folded,
    boolean leafAllowed,
    int shift,
    long indexMask,
    int entryShift,
    int tableBytes,
    long empty) {

  static LevelCode of(MmuVariant variant, Level level) {
    PagingGeometry geometry = variant.geometry();
    LevelGeometry at = geometry.at(level);
    return new LevelCode(
        level,
        at.isFolded(),
        at.leafAllowed(),
        geometry.shift(level),
        at.entries() - 1L,
        Integer.numberOfTrailingZeros(geometry.entryBytes()),
        at.placement().sizeBytes(),
        at.isFolded() ? 0 : variant.format().empty(level));
  }

  /** Where the entry for an address lies in a table of this level. */
  long entryAddr(long table, long va) {
    return table + entryOffset(va);
  }

  /** The same from the start of the table. */
  long entryOffset(long va) {
    return ((va >>> shift) & indexMask) << entryShift;
  }

  /** The part of an address below this level's entries. */
  long offset(long va) {
    return va & ((1L << shift) - 1);
  }
}
