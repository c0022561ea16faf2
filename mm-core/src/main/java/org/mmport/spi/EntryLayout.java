package org.mmport.spi;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

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
   * From two tables of text, as {@link EntryField#table} and {@link EntryFlags#of} read them, with
   * what only some variants have as {@link PartLines} reads it. Fields of large leaves are left out
   * where the shape has none. Bits {@code 47:page} begin where the addresses of pages do; {@code
   * rest} is every bit that no other field of that kind of entry has.
   *
   * @param parts names that stand in brackets
   * @throws InvalidRequestException for text that is not so made, or a part that is not there
   */
  public static EntryLayout of(
      PagingGeometry geometry, String fields, String flags, String... parts) {
    PartLines wanted = new PartLines(parts);
    boolean huge =
        geometry.levels().stream().anyMatch(l -> l.level() != Level.PTE && l.leafAllowed());
    Set<EntryKind> kinds = EnumSet.allOf(EntryKind.class);
    kinds.removeIf(kind -> kind == EntryKind.HUGE && !huge);
    List<EntryField> there =
        EntryField.table(wanted.of(fields), geometry).stream()
            .map(field -> field.in(kinds))
            .filter(field -> !field.kinds().isEmpty())
            .toList();
    EntryFlags made = EntryFlags.of(there, wanted.of(flags));
    wanted.requireNamed(fields + flags);
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
}
