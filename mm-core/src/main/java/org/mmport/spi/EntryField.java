package org.mmport.spi;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * One field of an entry, for people to read and for {@link PteBits} to take masks from.
 *
 * @param name the manual's short name, such as {@code PCD}
 * @param high highest bit, at most 63
 * @param low lowest bit
 * @param role what the core knows it as
 * @param meaning a few words
 * @param kinds in which entries the field is there
 */
public record EntryField(
    String name, int high, int low, EntryRole role, String meaning, Set<EntryKind> kinds) {
  public EntryField {
    if (low < 0 || high > 63 || low > high) {
      throw new InvalidRequestException(
          "entry field " + name + " bits " + high + ":" + low + ": must lie in 63:0");
    }
    kinds = Set.copyOf(kinds);
  }

  /** A field of several bits; without kinds it is there in all of them. */
  public static EntryField of(
      String name, int high, int low, EntryRole role, String meaning, EntryKind... kinds) {
    Set<EntryKind> where =
        kinds.length == 0 ? EnumSet.allOf(EntryKind.class) : EnumSet.copyOf(List.of(kinds));
    return new EntryField(name, high, low, role, meaning, where);
  }

  /** A field of one bit; without kinds it is there in all of them. */
  public static EntryField bit(
      String name, int bit, EntryRole role, String meaning, EntryKind... kinds) {
    return of(name, bit, bit, role, meaning, kinds);
  }

  /** The field's bits, set. */
  public long mask() {
    return (-1L >>> (63 - high + low)) << low;
  }
}
