package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaRegion;

/**
 * A variant's shape as its manual has it: rows of {@code variant, item, shift, entries, tableBytes,
 * leaf}, where the item is a level that is not folded, or {@code region}, which has first and last
 * address and root instead.
 */
record GoldenGeometry(List<List<String>> rows) {

  static GoldenGeometry of(ClauseContext c) {
    String name = GoldenRows.port(c.variant()) + "-geometry";
    List<List<String>> rows =
        GoldenFile.read(name, 6).rows().stream()
            .filter(row -> row.getFirst().equals(c.variant().id()))
            .toList();
    if (rows.isEmpty()) {
      throw c.notApplicable(
          "no geometry rows of %s on the class path; add org/mmport/conformance/golden/%s.tsv"
              .formatted(c.variant().id(), name));
    }
    return new GoldenGeometry(rows);
  }

  void check(ClauseContext c) {
    c.check(
        described(c.geometry()).equals(expected()), expected().toString(), described(c.geometry()));
  }

  private List<List<String>> expected() {
    return rows.stream().map(row -> row.subList(1, row.size())).toList();
  }

  private static List<List<String>> described(PagingGeometry geometry) {
    List<List<String>> all = new ArrayList<>();
    for (Level level : Samples.realLevels(geometry)) {
      all.add(
          List.of(
              level.name(),
              Integer.toString(geometry.shift(level)),
              Integer.toString(geometry.at(level).entries()),
              Integer.toString(geometry.tableBytes(level)),
              geometry.at(level).leafAllowed() ? "leaf" : "-"));
    }
    for (VaRegion region : geometry.vaLayout().regions()) {
      all.add(
          List.of(
              "region",
              "0x" + Long.toHexString(region.firstVa()),
              "0x" + Long.toHexString(region.lastVa()),
              Integer.toString(region.root()),
              "-"));
    }
    return all;
  }
}
