package org.mmport.conformance.qemu;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The oddities of QEMU that one clause may meet on one variant: those in {@code oddities.tsv} and
 * no others. Remembers which it met.
 */
final class Oddities {
  private record Row(
      String id, String clause, String variants, String versions, String manual, String what) {
    static Row of(String line) {
      String[] columns = line.split("\t", -1);
      return new Row(columns[0], columns[1], columns[2], columns[3], columns[4], columns[5]);
    }

    /** Whether it need not occur, because few choices of the seed lead to it. */
    boolean rare() {
      return versions.endsWith("?");
    }
  }

  private static final List<Row> ROWS = read();

  private final List<Row> rows;
  private final Set<String> met = new HashSet<>();

  Oddities(String clause, String variant) {
    rows =
        ROWS.stream()
            .filter(row -> row.clause.equals(clause) && isOn(row.variants, variant))
            .toList();
  }

  /** Whether the oddity is known here; it counts as met then. */
  boolean meets(String id) {
    boolean known = rows.stream().anyMatch(row -> row.id.equals(id));
    return known && (met.contains(id) || met.add(id));
  }

  /** Ends the judgement where the oddity is not known here. */
  void requireKnown(String id) {
    if (!meets(id)) {
      throw new HardwareDiffers("no oddity " + id, "it, and oddities.tsv does not list it here");
    }
  }

  /** Ends the judgement where the list names something that this QEMU does not do. */
  void requireAllMet(String version) {
    for (Row row : rows) {
      if (!row.rare() && begins(row.versions, version) && !met.contains(row.id)) {
        throw new HardwareDiffers(
            "QEMU's oddity " + row.id + " (" + row.what + ")",
            "none in QEMU " + version + ": correct oddities.tsv");
      }
    }
  }

  /** Beginnings of ids; after an exclamation mark, the end of those that are not meant. */
  private static boolean isOn(String variants, String variant) {
    return begins(variants, variant)
        && Stream.of(variants.split(",", -1))
            .noneMatch(name -> name.startsWith("!") && variant.endsWith(name.substring(1)));
  }

  private static boolean begins(String prefixes, String text) {
    return Stream.of(prefixes.split(",", -1)).anyMatch(text::startsWith);
  }

  private static List<Row> read() {
    try (InputStream stream = Oddities.class.getResourceAsStream("oddities.tsv")) {
      if (stream == null) {
        throw new IllegalStateException("no oddities.tsv beside this class");
      }
      BufferedReader reader =
          new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
      return reader.lines().filter(line -> !line.startsWith("#")).skip(1).map(Row::of).toList();
    } catch (IOException e) {
      throw new IllegalStateException("oddities.tsv cannot be read", e);
    }
  }
}
