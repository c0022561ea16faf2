package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaRegion;

/**
 * A variant's shape as its manual has it: rows of {@code variant, item, shift, entries, tableBytes,
 * leaf}, where the item is a level that is not folded, or {@code region}, which has first and last
 * address and root instead. A first row {@code entry} has entryBytes, storeBytes, paBits, byte
 * order.
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

  /** Judges row by row, so that the message names the one that is wrong. */
  void check(ClauseContext c) {
    List<List<String>> expected = expected();
    List<List<String>> found = new ArrayList<>(described(c.geometry()));
    if (expected.getFirst().getFirst().equals("entry")) {
      found.addFirst(entry(c.geometry()));
    }
    for (int i = 0; i < Math.min(expected.size(), found.size()); i++) {
      c.check(expected.get(i).equals(found.get(i)), row(expected.get(i)), row(found.get(i)));
    }
    c.check(
        expected.size() == found.size(),
        expected.size() + " rows, levels and regions",
        found.size() + ", the last is " + row(found.getLast()));
  }

  private static String row(List<String> row) {
    boolean region = row.getFirst().equals("region");
    if (row.getFirst().equals("entry")) {
      return String.join(" ", row);
    }
    return (region ? "%s %s..%s of root %s" : "%s with shift %s, %s entries, %s bytes, %s")
        .formatted(row.toArray())
        .replace(", -", ", no leaves");
  }

  /** Bytes of an entry and of a store, address bits, byte order; asked where a file says it. */
  private static List<String> entry(PagingGeometry geometry) {
    return List.of(
        "entry",
        Integer.toString(geometry.entryBytes()),
        Integer.toString(geometry.storeBytes()),
        Integer.toString(geometry.paBits()),
        geometry.byteOrder().toString());
  }

  /** {@code leaf}, and how many address bits it holds where a page holds another number. */
  private static String leaf(PagingGeometry geometry, Level level) {
    int own = geometry.at(level).leafPaBits();
    return !geometry.at(level).leafAllowed() ? "-" : own == 0 ? "leaf" : "leaf of " + own + " bits";
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
              leaf(geometry, level)));
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
