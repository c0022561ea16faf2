package org.mmport.spi;

import java.util.OptionalInt;

/**
 * How leaves of a tree note where their entries in a hash table were put: in a field of their own,
 * or in a word behind the entries of the table that they are in.
 *
 * @param geometry of the tree
 * @param taken all that notes take of a leaf, and locks; clear where nothing is noted
 * @param hashed set where a place is noted
 * @param other set where something else than one place is noted
 * @param place the field that the place is in; 0 where it is in the word behind, one higher, so
 *     that zeroed tables need no more (Linux: {@code HIDX_SHIFT_BY_ONE})
 */
public record HashNotes(PagingGeometry geometry, long taken, long hashed, long other, long place) {
  /** Four bits of place: two groups of 8. */
  private static final int PLACES = 15;

  /**
   * Those of a format, whose unused entries may keep what was noted, by the names of its fields.
   *
   * @param hashed the field that says so
   * @param other the field that says that it is not one place; empty where there is none
   * @param place the fields of the place; empty where it is in the word behind
   */
  public static HashNotes of(
      PagingGeometry geometry, PteFormat format, String hashed, String other, String place) {
    return new HashNotes(
        geometry,
        format.flags().strayInPage(),
        EntryField.bits(format.fields(), EntryKind.PAGE, hashed),
        EntryField.bits(format.fields(), EntryKind.PAGE, other),
        EntryField.bits(format.fields(), EntryKind.PAGE, place));
  }

  /** {@link HashMmu#slot}. */
  OptionalInt slot(long raw, long slotWord) {
    if ((raw & (hashed | other)) != hashed) {
      return OptionalInt.empty();
    }
    long noted = place == 0 ? slotWord - 1 : raw >>> Long.numberOfTrailingZeros(place);
    return OptionalInt.of((int) noted & PLACES);
  }

  /** {@link HashMmu#withSlot}. */
  long with(long raw, int slot) {
    long noted = place == 0 ? 0 : (long) slot << Long.numberOfTrailingZeros(place);
    return without(raw) | hashed | noted;
  }

  /** {@link HashMmu#withoutSlot}. */
  long without(long raw) {
    return raw & ~taken;
  }

  /** {@link HashMmu#slotWord}. */
  long word(int slot) {
    return place == 0 ? slot + 1L & PLACES : 0;
  }

  /** {@link HashMmu#slotWordBytes}: words lie right behind the entries of their table. */
  int wordBytes(Level level) {
    return place == 0 ? geometry.tableBytes(level) : 0;
  }
}
