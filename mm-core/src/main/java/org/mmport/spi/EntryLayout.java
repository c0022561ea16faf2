package org.mmport.spi;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What is data of a variant's entries: the two tables of text that a port writes, what follows from
 * them, and which levels of the shape have leaves.
 *
 * @param fields every field of every kind of entry; in each kind they cover all bits of the entry
 *     and do not overlap
 * @param bits the masks of the fields
 * @param flags what entries are made of, in the names of the fields
 * @param leaves which levels have leaves, and which bits of an address those choose
 */
public record EntryLayout(
    List<EntryField> fields, PteBits bits, EntryFlags flags, LeafMasks leaves) {
  public EntryLayout {
    fields = List.copyOf(fields);
  }

  /** Fields alone, for formats that make their entries themselves and look after levels. */
  public static EntryLayout of(List<EntryField> fields) {
    return new EntryLayout(fields, PteBits.of(fields), EntryFlags.NONE, LeafMasks.ANY);
  }

  /**
   * From two tables of text, as {@link EntryField#table} and {@link EntryFlags#of} read them. What
   * only some variants have stands below a line of the names of its parts, {@code [4k 16k]}, and is
   * taken where one of those is asked for. Fields of large leaves are left out where the shape has
   * none.
   *
   * @param parts names that stand in such lines
   * @throws InvalidRequestException for text that is not so made, or a part that is not there
   */
  public static EntryLayout of(
      PagingGeometry geometry, String fields, String flags, String... parts) {
    Set<String> wanted = new TreeSet<>(List.of(parts));
    Set<String> unknown = new TreeSet<>(wanted);
    boolean huge =
        geometry.levels().stream().anyMatch(l -> l.level() != Level.PTE && l.leafAllowed());
    Set<EntryKind> kinds = EnumSet.allOf(EntryKind.class);
    kinds.removeIf(kind -> kind == EntryKind.HUGE && !huge);
    List<EntryField> there =
        EntryField.table(part(fields, wanted, unknown)).stream()
            .map(field -> field.in(kinds))
            .filter(field -> !field.kinds().isEmpty())
            .toList();
    EntryFlags made = EntryFlags.of(there, part(flags, wanted, unknown));
    if (!unknown.isEmpty()) {
      throw new InvalidRequestException(
          "entry layout of %s: no line names it; write [%s] above what is its own"
              .formatted(unknown, String.join(" ", unknown)));
    }
    return new EntryLayout(there, PteBits.of(there), made, LeafMasks.of(geometry));
  }

  private static String part(String text, Set<String> wanted, Set<String> unknown) {
    StringBuilder taken = new StringBuilder();
    boolean ours = true;
    for (String line : text.lines().toList()) {
      if (line.startsWith("[") && line.endsWith("]")) {
        List<String> named = List.of(line.substring(1, line.length() - 1).split(" ", -1));
        unknown.removeAll(named);
        ours = named.stream().anyMatch(wanted::contains);
      } else if (ours) {
        taken.append(line).append('\n');
      }
    }
    return taken.toString();
  }
}
