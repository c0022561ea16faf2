package org.mmport.conformance;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.mmport.spi.Architecture;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Rights;

/** Raw entries and what they mean, written by hand from the manual: what decoders are judged by. */
final class GoldenRows {
  private static final int COLUMNS = 6;

  private GoldenRows() {}

  /** What an entry is. */
  enum Kind {
    PAGE,
    HUGE,
    TABLE,
    SWAP,
    NONE,
    PROTNONE,
    /** Neither unused nor for software, and yet hardware faults on it. */
    FAULT
  }

  /**
   * One entry.
   *
   * @param physAddr -1 where it has none
   * @param rights -1 where hardware does not use it
   */
  record Row(Level level, Kind kind, long raw, long physAddr, int rights, Set<String> flags) {
    boolean isLeaf() {
      return kind == Kind.PAGE || kind == Kind.HUGE || kind == Kind.PROTNONE;
    }

    boolean isValid() {
      return kind == Kind.PAGE || kind == Kind.HUGE || kind == Kind.TABLE;
    }

    /** The value after {@code name=}. */
    long value(String name) {
      return flags.stream()
          .filter(flag -> flag.startsWith(name + "="))
          .mapToLong(flag -> GoldenFile.number(flag.substring(name.length() + 1)))
          .findFirst()
          .orElseThrow(
              () -> new InvalidRequestException("golden row " + this + ": needs " + name + "="));
    }
  }

  /** The rows of a variant's files, at levels that the variant has. */
  static List<Row> of(ClauseContext c, Predicate<Row> wanted) {
    MmuVariant variant = c.variant();
    List<Row> rows =
        files(variant)
            .flatMap(name -> GoldenFile.read(name, COLUMNS).rows().stream())
            .map(GoldenRows::row)
            .filter(row -> variant.geometry().at(row.level()).indexBits() > 0)
            .filter(wanted)
            .toList();
    if (rows.isEmpty()) {
      throw c.notApplicable(
          "no golden rows for this on the class path; add org/mmport/conformance/golden/%s.tsv"
              .formatted(port(variant)));
    }
    return rows;
  }

  /**
   * The names of a variant's own file, its port's, and the port's for variants like it: what a
   * clean leaf means is one thing where hardware makes it dirty, and another where software does.
   */
  static Stream<String> files(MmuVariant variant) {
    String port = port(variant);
    String dirty = variant.has(MmuFeature.HW_DIRTY) ? "-hw-dirty" : "-no-hw-dirty";
    return Stream.of(variant.id().replace('/', '-'), port, port + dirty);
  }

  /** The part of a variant's id before the slash. */
  static String port(MmuVariant variant) {
    return variant.id().substring(0, variant.id().indexOf('/'));
  }

  /** The names of all ports on the class path. */
  static Stream<String> ports() {
    return ServiceLoader.load(Architecture.class).stream().map(port -> port.get().name());
  }

  private static Row row(List<String> columns) {
    return new Row(
        Level.valueOf(columns.get(0)),
        Kind.valueOf(columns.get(1)),
        GoldenFile.number(columns.get(2)),
        columns.get(3).equals("-") ? -1 : GoldenFile.number(columns.get(3)),
        rights(columns.get(4)),
        flags(columns.get(5)));
  }

  private static Set<String> flags(String column) {
    return column.equals("-")
        ? Set.of()
        : Set.copyOf(Arrays.asList(column.toLowerCase(Locale.ROOT).split(",", -1)));
  }

  /** Rights from letters; -1 for a single dash. */
  static int rights(String letters) {
    if (letters.equals("-")) {
      return -1;
    }
    int[] masks = {
      Rights.KERNEL_READ,
      Rights.KERNEL_WRITE,
      Rights.KERNEL_EXEC,
      Rights.USER_READ,
      Rights.USER_WRITE,
      Rights.USER_EXEC
    };
    int rights = 0;
    for (int i = 0; i < masks.length; i++) {
      rights |= letters.charAt(i) == '-' ? 0 : masks[i];
    }
    return rights;
  }

  /** Rights as the files write them. */
  static String letters(int rights) {
    String all = "rwxrwx";
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < all.length(); i++) {
      text.append((rights & 1 << i) == 0 ? '-' : all.charAt(i));
    }
    return text.toString();
  }
}
