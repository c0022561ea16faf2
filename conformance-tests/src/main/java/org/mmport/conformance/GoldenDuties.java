package org.mmport.conformance;

import java.util.List;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.TlbDuty;

/**
 * What changes of entries owe, by hand from the manual: rows of {@code level, old, new, duty, what}
 * in {@code <file>-duties.tsv}, the files being those of {@link GoldenRows#files}. The duty is one
 * of {@code NONE LEAF WALK BREAK BREAK-LEAF RELOAD}.
 */
final class GoldenDuties {
  private GoldenDuties() {}

  /** One change. */
  record Row(Level level, long oldRaw, long newRaw, TlbDuty duty, String what) {}

  static List<Row> of(ClauseContext c) {
    MmuVariant variant = c.variant();
    String port = GoldenRows.port(variant);
    List<Row> rows =
        GoldenRows.files(variant)
            .flatMap(name -> GoldenFile.read(name + "-duties", 5).rows().stream())
            .map(GoldenDuties::row)
            .filter(row -> variant.geometry().at(row.level()).indexBits() > 0)
            .toList();
    if (rows.isEmpty()) {
      throw c.notApplicable(
          "no rows of duties on the class path; add org/mmport/conformance/golden/%s-duties.tsv"
              .formatted(port));
    }
    return rows;
  }

  private static Row row(List<String> columns) {
    return new Row(
        Level.valueOf(columns.get(0)),
        GoldenFile.number(columns.get(1)),
        GoldenFile.number(columns.get(2)),
        duty(columns.get(3)),
        columns.get(4));
  }

  private static TlbDuty duty(String word) {
    return switch (word) {
      case "NONE" -> TlbDuty.NONE;
      case "LEAF" -> TlbDuty.FLUSH_LEAF;
      case "WALK" -> TlbDuty.FLUSH_WALK_CACHES;
      case "BREAK" -> TlbDuty.BREAK_BEFORE_MAKE;
      case "BREAK-LEAF" -> TlbDuty.BREAK_LEAF_BEFORE_MAKE;
      case "RELOAD" -> TlbDuty.RELOAD_ROOT;
      default ->
          throw new InvalidRequestException(
              "golden duty '" + word + "': write NONE, LEAF, WALK, BREAK, BREAK-LEAF or RELOAD");
    };
  }
}
