package org.mmport.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.stream.Stream;
import org.mmport.cli.DiffFact.Field;
import org.mmport.cli.DiffFact.Fields;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.EntryRole;
import org.mmport.spi.MmuVariant;

/**
 * Which fields of a kind of entry answer each other: those of one role and name; then all that are
 * left of one role, whatever their manuals call them; then those of one name, whatever they are
 * for.
 */
final class EntryDiff {
  /** Here names say nothing, and one field has nothing to do with the next. */
  private static final Set<EntryRole> NAMELESS = Set.of(EntryRole.IGNORED, EntryRole.RESERVED);

  private final EntryKind kind;
  private final MmuVariant first;
  private final MmuVariant second;
  private final List<DiffRow> rows = new ArrayList<>();

  EntryDiff(EntryKind kind, MmuVariant first, MmuVariant second) {
    this.kind = kind;
    this.first = first;
    this.second = second;
  }

  /** In order of roles. */
  List<DiffRow> rows() {
    List<Field> ones = named(first);
    List<Field> others = named(second);
    pair(ones, others, (one, other) -> sameRole(one, other) && sameName(one, other));
    for (EntryRole role : EntryRole.values()) {
      if (role != EntryRole.OTHER) {
        pairAll(role, ones, others);
      }
    }
    pair(ones, others, EntryDiff::sameName);
    jobs(ones).forEach(job -> add(job, List.of()));
    jobs(others).forEach(job -> add(List.of(), job));
    rows.sort(Comparator.comparing(DiffRow::item, Comparator.comparing(EntryRole::valueOf)));
    for (EntryRole role : EntryRole.values()) {
      if (NAMELESS.contains(role)) {
        addRow(role, bits(first, role), bits(second, role));
      }
    }
    return List.copyOf(rows);
  }

  private void pair(List<Field> ones, List<Field> others, BiPredicate<Field, Field> match) {
    for (Field one : List.copyOf(ones)) {
      Optional<Field> other = others.stream().filter(o -> match.test(one, o)).findFirst();
      if (other.isPresent()) {
        ones.remove(one);
        others.remove(other.get());
        add(List.of(one), List.of(other.get()));
      }
    }
  }

  private void pairAll(EntryRole role, List<Field> ones, List<Field> others) {
    List<Field> one = ones.stream().filter(field -> field.role() == role).toList();
    List<Field> other = others.stream().filter(field -> field.role() == role).toList();
    if (!one.isEmpty() && !other.isEmpty()) {
      ones.removeAll(one);
      others.removeAll(other);
      add(one, other);
    }
  }

  /** Fields of one role do one job together; those that the core has no word for, each its own. */
  private static List<List<Field>> jobs(List<Field> fields) {
    Map<Object, List<Field>> jobs = new LinkedHashMap<>();
    for (Field field : fields) {
      Object key = field.role() == EntryRole.OTHER ? field : field.role();
      jobs.computeIfAbsent(key, k -> new ArrayList<>()).add(field);
    }
    return List.copyOf(jobs.values());
  }

  private void add(List<Field> one, List<Field> other) {
    EntryRole role = Stream.concat(one.stream(), other.stream()).findFirst().orElseThrow().role();
    addRow(role, fact(one), fact(other));
  }

  private void addRow(EntryRole role, Optional<DiffFact> one, Optional<DiffFact> other) {
    if (one.isPresent() || other.isPresent()) {
      rows.add(new DiffRow(DiffSection.of(kind), Optional.empty(), role.name(), one, other));
    }
  }

  private static Optional<DiffFact> fact(List<Field> fields) {
    return fields.isEmpty() ? Optional.empty() : Optional.of(new Fields(fields));
  }

  private static boolean sameRole(Field one, Field other) {
    return one.role() == other.role();
  }

  private static boolean sameName(Field one, Field other) {
    return one.name().equals(other.name());
  }

  /** Pieces of one role and name are one field. */
  private List<Field> named(MmuVariant variant) {
    record Key(EntryRole role, String name) {}
    Map<Key, Field> fields = new LinkedHashMap<>();
    for (EntryField piece : EntryFields.of(variant, kind)) {
      if (!NAMELESS.contains(piece.role())) {
        fields.merge(
            new Key(piece.role(), piece.name()),
            new Field(piece.name(), piece.role(), piece.mask(), piece.meaning()),
            EntryDiff::join);
      }
    }
    return new ArrayList<>(fields.values());
  }

  private static Field join(Field field, Field piece) {
    String meaning =
        field.meaning().equals(piece.meaning())
            ? field.meaning()
            : field.meaning() + "; " + piece.meaning();
    return new Field(field.name(), field.role(), field.mask() | piece.mask(), meaning);
  }

  private Optional<DiffFact> bits(MmuVariant variant, EntryRole role) {
    long mask =
        EntryFields.of(variant, kind).stream()
            .filter(field -> field.role() == role)
            .mapToLong(EntryField::mask)
            .reduce(0, (a, b) -> a | b);
    return mask == 0 ? Optional.empty() : Optional.of(new DiffFact.Bits(mask));
  }
}
