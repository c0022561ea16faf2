package org.mmport.spi;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

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

  /**
   * A format as a small table, one field per line: kinds, bits, name, role, meaning. Kinds are the
   * first letters of {@link EntryKind}s; bits are {@code 7} or {@code 11:8}. {@code THP 1 R/W WRITE
   * writable} is a bit of table, huge and page entries.
   *
   * @throws InvalidRequestException for a line that is not so made
   */
  public static List<EntryField> table(String text) {
    return text.lines().filter(line -> !line.isBlank()).map(EntryField::parse).toList();
  }

  private static EntryField parse(String line) {
    String[] words = line.trim().split("\\s+", 5);
    if (words.length < 5) {
      throw new InvalidRequestException(
          "entry field '" + line.trim() + "': write kinds, bits, name, role, meaning");
    }
    String[] bits = words[1].split(":", 2);
    Set<EntryKind> kinds =
        EnumSet.allOf(EntryKind.class).stream()
            .filter(kind -> words[0].indexOf(kind.name().charAt(0)) >= 0)
            .collect(Collectors.toSet());
    try {
      int high = Integer.parseInt(bits[0]);
      int low = Integer.parseInt(bits[bits.length - 1]);
      return new EntryField(words[2], high, low, EntryRole.valueOf(words[3]), words[4], kinds);
    } catch (IllegalArgumentException e) {
      throw new InvalidRequestException(
          "entry field '" + line.trim() + "': bits are numbers like 11:8, the role an EntryRole");
    }
  }

  /** A field of several bits; without kinds it is there in all but ROOT. */
  public static EntryField of(
      String name, int high, int low, EntryRole role, String meaning, EntryKind... kinds) {
    Set<EntryKind> where =
        kinds.length == 0
            ? EnumSet.complementOf(EnumSet.of(EntryKind.ROOT))
            : EnumSet.copyOf(List.of(kinds));
    return new EntryField(name, high, low, role, meaning, where);
  }

  /** A field of one bit; without kinds it is there in all but ROOT. */
  public static EntryField bit(
      String name, int bit, EntryRole role, String meaning, EntryKind... kinds) {
    return of(name, bit, bit, role, meaning, kinds);
  }

  /** The field's bits, set. */
  public long mask() {
    return (-1L >>> (63 - high + low)) << low;
  }
}
