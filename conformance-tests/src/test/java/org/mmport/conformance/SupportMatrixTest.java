package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.mmport.spi.Architecture;
import org.mmport.spi.BatchOps;
import org.mmport.spi.CpuNote;
import org.mmport.spi.MemoryView;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Registers;
import org.mmport.spi.RootFinder;
import org.mmport.spi.RootLookup;
import org.mmport.spi.SegmentMap;

/** docs/support-matrix.md is what the ports say, and what is known of them from elsewhere. */
class SupportMatrixTest {

  @Test
  void docsAreWhatPortsSay() throws IOException {
    assertEquals(
        SupportMatrix.markdown(SupportMatrix.architectures()),
        Files.readString(SupportMatrix.FILE),
        "docs/support-matrix.md is out of date: run scripts/write-docs");
  }

  @Test
  void nothingIsThereAndLeftOut() {
    for (Architecture architecture : SupportMatrix.architectures()) {
      for (MmuVariant variant : architecture.variants()) {
        Set<MmuFeature> both = EnumSet.noneOf(MmuFeature.class);
        both.addAll(variant.leftOut().keySet());
        both.retainAll(variant.features());
        assertEquals(Set.of(), both, variant.id());
      }
    }
  }

  @Test
  void reasonsAreOneLineEach() {
    for (Architecture architecture : SupportMatrix.architectures()) {
      for (MmuVariant variant : architecture.variants()) {
        variant
            .leftOut()
            .forEach(
                (feature, reason) -> {
                  String where = variant.id() + " leaves out " + feature + ": '" + reason + "'";
                  assertEquals(1, reason.lines().count(), where);
                  assertTrue(reason.strip().length() >= 20 && reason.length() <= 120, where);
                });
      }
    }
  }

  /** Numbers lead to a reason that names the row, and there is no reason that nothing leads to. */
  @Test
  void everyTodoHasAReason() throws IOException {
    String document = Files.readString(SupportMatrix.FILE);
    Map<String, Set<String>> rows = new TreeMap<>();
    Matcher row = Pattern.compile("(?m)^\\| ((?:`[A-Z]|area).*?) \\| .*$").matcher(document);
    while (row.find()) {
      Matcher todo = Pattern.compile("\\| TODO([^|]*)").matcher(row.group());
      while (todo.find()) {
        String number = todo.group(1).strip();
        assertTrue(number.matches("\\([0-9]+\\)"), row.group(1) + ": TODO " + number);
        rows.computeIfAbsent(number, n -> new TreeSet<>()).add(row.group(1));
      }
    }
    Map<String, Set<String>> reasons = new TreeMap<>();
    Matcher reason = Pattern.compile("(?m)^([0-9]+)\\. (.*?): \\S.*$").matcher(document);
    while (reason.find()) {
      Set<String> named = new TreeSet<>(List.of(reason.group(2).split(", (?=`|area)")));
      reasons.put("(" + reason.group(1) + ")", named);
    }
    assertEquals(rows, reasons);
    assertTrue(rows.size() >= 3, "reasons: " + rows);
  }

  @Test
  void everyVariantHasAColumn() throws IOException {
    Matrix cells = cells(Files.readString(SupportMatrix.FILE));
    assertEquals(
        ConformanceSuite.variants().stream().map(MmuVariant::id).sorted().toList(),
        cells.columns().stream().sorted().toList());
    assertEquals(MmuFeature.values().length + 7, cells.rows().size());
  }

  /**
   * From manuals and kernels: AMD's INVLPGB; hash tables know 16M and 16G pages whatever the base
   * page (arch/powerpc/mm/hugetlbpage.c); no pkeys with radix (mm/book3s64/pkeys.c).
   */
  @Test
  void factsThatAreKnownAreThere() throws IOException {
    Matrix cells = cells(Files.readString(SupportMatrix.FILE));
    String[][] facts = {
      {"`HW_DIRTY`", "x86_64/4level", "ok"},
      {"`HW_DIRTY`", "ppc64/radix-4k", "ok"},
      {"`HW_DIRTY`", "ppc64/hash-4k", ".."},
      {"`GLOBAL_PAGES`", "x86_64/la57", "ok"},
      {"`GLOBAL_PAGES`", "ppc64/radix-64k", ".."},
      {"`BROADCAST_TLBI`", "x86_64/4level", "TODO"},
      {"`BROADCAST_TLBI`", "ppc64/radix-4k", "ok"},
      {"`LEAF_PMD`", "ppc64/hash-4k", "TODO"},
      {"`LEAF_PUD`", "ppc64/hash-4k", "TODO"},
      {"`LEAF_PMD`", "ppc64/hash-4k-2006", "TODO"},
      {"`LEAF_PMD`", "ppc64/hash-64k-2006", "TODO"},
      {"`LEAF_PUD`", "ppc64/hash-64k-2006", ".."},
      {"`LEAF_PUD`", "ppc64/hash-64k", "ok"},
      {"`PROTECTION_KEYS`", "ppc64/radix-4k", ".."},
      {"`PROTECTION_KEYS`", "ppc64/hash-64k", "ok"},
      {"`BREAK_BEFORE_MAKE`", "x86_64/4level", ".."},
      {"`ROOT_ENTRIES_CACHED`", "x86/pae", "ok"},
      {"`ROOT_ENTRIES_CACHED`", "x86/2level", ".."},
      {"`NO_EXECUTE`", "x86/2level", ".."},
      {"`SPLIT_STORE`", "x86/pae", "ok"},
      {"`HashMmu`", "ppc64/hash-4k", "ok"},
      {"`HashMmu`", "x86_64/4level", ".."},
      {"`SegmentMap`", "ppc64/hash-64k", "ok"},
      {"`SegmentMap`", "ppc64/radix-64k", ".."},
      {"`RootFinder`, registers", "x86_64/4level", "ok"},
      {"`RootFinder`, memory", "x86_64/4level", ".."},
      {"`RootFinder`, memory", "ppc64/radix-4k", "ok"},
      {"`CpuNote`", "x86_64/4level", "ok"},
      {"area `HW`", "x86_64/la57", "ok"},
    };
    for (String[] fact : facts) {
      assertEquals(fact[2], cells.at(fact[0], fact[1]), fact[0] + " " + fact[1]);
    }
  }

  /** A port of which everything is left out, and the same of which nothing is. */
  @Test
  void whatIsLeftOutIsToBeDone() {
    MmuVariant poor = FakeVariants.oneLevel();
    MmuVariant leaving = poor;
    for (MmuFeature feature : MmuFeature.values()) {
      leaving = leaving.leavingOut(feature, "why not " + feature);
    }
    Matrix none = cells(SupportMatrix.markdown(List.of(new Fake(poor, List.of()))));
    Matrix all = cells(SupportMatrix.markdown(List.of(new Fake(leaving, List.of()))));
    for (MmuFeature feature : MmuFeature.values()) {
      boolean has = poor.features().contains(feature);
      String row = "`" + feature + "`";
      assertEquals(has ? "ok" : "..", none.at(row, "fake/one-level"), row);
      assertEquals(has ? "ok" : "TODO", all.at(row, "fake/one-level"), row);
    }
    for (String piece : List.of("`BatchOps`", "`SegmentMap`", "`HashMmu`")) {
      assertEquals("..", none.at(piece, "fake/one-level"), piece);
      assertEquals("TODO", all.at(piece, "fake/one-level"), piece);
    }
    assertEquals("TODO", none.at("area `HW`", "fake/one-level"));
    assertEquals("..", none.at("`CpuNote`", "fake/one-level"));
  }

  @Test
  void piecesThatAPortHasAreSeen() {
    MmuVariant plain = FakeVariants.fiveLevel();
    RootFinder withMemory =
        new RootFinder() {
          @Override
          public RootLookup find(Registers registers) {
            return new RootLookup.NotSelected("test");
          }

          @Override
          public RootLookup find(Registers registers, MemoryView memory) {
            return new RootLookup.NotSelected("test");
          }
        };
    SegmentMap segments =
        new SegmentMap() {
          @Override
          public int segmentShift() {
            return 28;
          }

          @Override
          public long segment(long context, long va) {
            return va >>> 28;
          }
        };
    CpuNote note = new CpuNote(62, "TEST", 0, List.of());
    Matrix rich =
        cells(
            SupportMatrix.markdown(
                List.of(
                    new Fake(
                        variant(plain, plain.features(), new BatchOps() {}, segments, withMemory),
                        List.of(note)))));
    Matrix halfDone =
        cells(
            SupportMatrix.markdown(
                List.of(
                    new Fake(
                        variant(
                                plain,
                                plain.features(),
                                BatchOps.ENTRY_WISE,
                                SegmentMap.NONE,
                                registers -> new RootLookup.NotSelected("test"))
                            .leavingOut(MmuFeature.CONT_PTE, "why not CONT_PTE"),
                        List.of()))));
    assertPieces(rich, "ok", "ok", "..", "ok", "ok");
    assertPieces(halfDone, "TODO", "..", "ok", "..", "..");
  }

  private static void assertPieces(
      Matrix cells,
      String batchOps,
      String segmentMap,
      String fromRegisters,
      String fromMemory,
      String notes) {
    assertEquals(batchOps, cells.at("`BatchOps`", "fake/five-level"));
    assertEquals(segmentMap, cells.at("`SegmentMap`", "fake/five-level"));
    assertEquals(fromRegisters, cells.at("`RootFinder`, registers", "fake/five-level"));
    assertEquals(fromMemory, cells.at("`RootFinder`, memory", "fake/five-level"));
    assertEquals(notes, cells.at("`CpuNote`", "fake/five-level"));
  }

  private static MmuVariant variant(
      MmuVariant plain,
      Set<MmuFeature> features,
      BatchOps batchOps,
      SegmentMap segments,
      RootFinder roots) {
    return new MmuVariant(
        plain.id(),
        plain.geometry(),
        features,
        plain.format(),
        plain.tlbRules(),
        batchOps,
        segments,
        roots);
  }

  /** A port of one variant. */
  private record Fake(MmuVariant variant, List<CpuNote> cpuNotes) implements Architecture {
    @Override
    public String name() {
      return "fake";
    }

    @Override
    public List<MmuVariant> variants() {
      return List.of(variant);
    }
  }

  /** The tables of a document, cell by cell. */
  private record Matrix(Set<String> rows, Set<String> columns, Map<String, String> cells) {
    String at(String row, String column) {
      return cells.getOrDefault(row + " of " + column, "no cell");
    }
  }

  private static Matrix cells(String markdown) {
    Matrix matrix = new Matrix(new TreeSet<>(), new TreeSet<>(), new TreeMap<>());
    List<String> header = List.of();
    for (String line : markdown.lines().filter(l -> l.startsWith("| ")).toList()) {
      List<String> parts = List.of(line.substring(2, line.length() - 2).split(" \\| ?", -1));
      if (List.of("feature", "piece").contains(parts.getFirst())) {
        header = parts;
      } else if (!header.isEmpty()) {
        assertEquals(header.size(), parts.size(), line);
        matrix.rows().add(parts.getFirst());
        for (int i = 2; i < parts.size(); i++) {
          String column = header.get(i).replace("<br>", "");
          matrix.columns().add(column);
          String cell = parts.get(i).replaceFirst(" \\([0-9]+\\)$", "");
          matrix.cells().put(parts.getFirst() + " of " + column, cell);
        }
      }
    }
    return matrix;
  }
}
