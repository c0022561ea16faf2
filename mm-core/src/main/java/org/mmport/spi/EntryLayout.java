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
 * @param leaves which bits of an address the leaves of a level choose: none below what they span,
 *     and none at all where entries of the level are never leaves
 * @param next index bits of the next table, where entries of a level say them ({@link
 *     EntryRole#TABLE_BITS})
 * @param valid what all valid entries of a level have set: what makes them valid, and what tells
 *     pages from blocks or tables where there is only one of them
 */
public record EntryLayout(
    List<EntryField> fields,
    PteBits bits,
    EntryFlags flags,
    LevelMasks leaves,
    LevelMasks next,
    LevelMasks valid) {
  public EntryLayout {
    fields = List.copyOf(fields);
  }

  private EntryLayout(
      List<EntryField> fields, PteBits bits, EntryFlags flags, LevelMasks leaves, LevelMasks next) {
    this(
        fields,
        bits,
        flags,
        leaves,
        next,
        LevelMasks.of(level -> bits.valid() | kind(level, bits, leaves)));
  }

  private static long kind(Level level, PteBits bits, LevelMasks leaves) {
    if (level == Level.PTE) {
      return bits.leafInPage() | bits.pageOrTable();
    }
    return leaves.at(level) == 0 ? bits.pageOrTable() : 0;
  }

  /** Fields alone, for formats that make their entries themselves and look after levels. */
  public static EntryLayout of(List<EntryField> fields) {
    return new EntryLayout(
        fields, PteBits.of(fields), EntryFlags.NONE, LevelMasks.ANY, LevelMasks.NONE);
  }

  /**
   * From two tables of text, as {@link EntryField#table} and {@link EntryFlags#of} read them. What
   * only some variants have stands below a line of the names of its parts, {@code [4k 16k]}, and is
   * taken where one of those is asked for. Fields of large leaves are left out where the shape has
   * none. Bits {@code 47:page} begin where the addresses of pages do.
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
        EntryField.table(part(fields, wanted, unknown), geometry.pageShift()).stream()
            .map(field -> field.in(kinds))
            .filter(field -> !field.kinds().isEmpty())
            .toList();
    EntryFlags made = EntryFlags.of(there, part(flags, wanted, unknown));
    if (!unknown.isEmpty()) {
      throw new InvalidRequestException(
          "entry layout of %s: no line names it; write [%s] above what is its own"
              .formatted(unknown, String.join(" ", unknown)));
    }
    PteBits bits = PteBits.of(there);
    LevelMasks leaves = LevelMasks.of(level -> leaves(geometry, level));
    LevelMasks next = LevelMasks.of(level -> next(geometry, level, bits.tableBits()));
    return new EntryLayout(there, bits, made, leaves, next);
  }

  private static long leaves(PagingGeometry geometry, Level level) {
    return geometry.at(level).leafAllowed() ? -geometry.spanBytes(level) : 0;
  }

  private static long next(PagingGeometry geometry, Level level, long field) {
    return level == Level.PTE
        ? 0
        : Long.expand(geometry.at(geometry.nextReal(level)).indexBits(), field);
  }

  /** The lines that stand below no name in brackets, or below one that is wanted. */
  static String part(String text, Set<String> wanted, Set<String> unknown) {
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
