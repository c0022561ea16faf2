package org.mmport.pgtable;

import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.PteBits;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/**
 * What compiled code needs of one level. A record held in a static final field: the JIT then treats
 * every component as a constant.
 *
 * @param marks bits of which each alone can keep hardware from going on by an entry, to a table or
 *     at PTE to a page: one comparison tells nearly all by which it goes on, whatever their format
 *     asks of them
 * @param mark what these are in such an entry
 */
record LevelCode(
    Level level,
    boolean folded,
    boolean leafAllowed,
    int shift,
    long indexMask,
    int entryShift,
    int tableBytes,
    long empty,
    long marks,
    long mark) {
  /** Marks that no entry has. */
  private static final long NO_MARKS = 0;

  static LevelCode of(MmuVariant variant, Level level) {
    PagingGeometry geometry = variant.geometry();
    LevelGeometry at = geometry.at(level);
    long usual = at.isFolded() ? 0 : usual(variant, level);
    long marks = at.isFolded() ? NO_MARKS : marks(variant, level, usual);
    return new LevelCode(
        level,
        at.isFolded(),
        at.leafAllowed(),
        geometry.shift(level),
        at.entries() - 1L,
        Integer.numberOfTrailingZeros(geometry.entryBytes()),
        at.placement().sizeBytes(),
        at.isFolded() ? 0 : variant.format().empty(level),
        marks,
        marks == NO_MARKS ? -1 : usual & marks);
  }

  private static long usual(MmuVariant variant, Level level) {
    PteFormat format = variant.format();
    return level == Level.PTE
        ? format.mkLeaf(0, format.pgprot(Protection.PAGE_READONLY), level)
        : format.mkTable(0, level, TableOwner.USER);
  }

  /**
   * Found by asking about each bit alone, about all others cleared and about all others set; none
   * where an answer says that bits do not count alone. What only some combination of others would
   * show, no format of ours has: WALK-21 and WALK-28 watch. Those for the highest bits of an
   * address (LPA, LPA2) are among them: few addresses have any. Of what an entry needs one of
   * several bits for, all that are usual are.
   */
  private static long marks(MmuVariant variant, Level level, long usual) {
    PteBits bits = variant.format().bits();
    long marks = level == Level.PTE ? bits.pageHigh() : bits.tableHigh();
    for (int bit = 0; bit < Long.SIZE; bit++) {
      marks |= isGoneOnBy(variant, level, usual ^ 1L << bit) ? 0 : 1L << bit;
    }
    marks |= isGoneOnBy(variant, level, usual & marks) ? 0 : usual;
    boolean alone =
        isGoneOnBy(variant, level, usual & marks) && isGoneOnBy(variant, level, usual | ~marks);
    return alone ? marks : NO_MARKS;
  }

  private static boolean isGoneOnBy(MmuVariant variant, Level level, long raw) {
    PteFormat format = variant.format();
    boolean leaf = variant.geometry().at(level).leafAllowed() && format.leaf(raw, level);
    return format.valid(raw, level)
        && leaf == (level == Level.PTE)
        && format.reserved(raw, level) == 0;
  }

  /** Whether hardware goes on by an entry; where this says no, the format knows. */
  boolean isUsual(long raw) {
    return (raw & marks) == mark;
  }

  /** The same of an entry by which hardware goes on, with what is known to be 0 told to the JIT. */
  long known(long raw) {
    return raw & ~(marks & ~mark);
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
