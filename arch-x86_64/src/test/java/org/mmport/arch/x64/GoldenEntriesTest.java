package org.mmport.arch.x64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** Every row of the hand-written table decodes to what it says. */
class GoldenEntriesTest {
  private static final String TABLE = "/org/mmport/conformance/golden/x86_64.tsv";
  private static final PteFormat FORMAT = new X64Architecture().variants().getFirst().format();

  @TestFactory
  Stream<DynamicTest> rows() throws IOException {
    return read().stream()
        .map(row -> DynamicTest.dynamicTest(String.join(" ", row), () -> check(row)));
  }

  @Test
  void tableIsAllThere() throws IOException {
    assertTrue(read().size() >= 90, () -> "rows lost from " + TABLE);
  }

  private static void check(List<String> row) {
    Level level = Level.valueOf(row.get(0));
    long raw = Long.parseUnsignedLong(row.get(2).substring(2), 16);
    String kind = kind(raw, level);
    assertEquals(row.get(1), kind);
    assertEquals(row.get(3), address(raw, level, kind));
    assertEquals(row.get(4), FORMAT.valid(raw, level) ? letters(FORMAT.rights(raw, level)) : "-");
    assertEquals(row.get(5), flags(raw, level, kind));
    assertEquals(0, FORMAT.valid(raw, level) ? FORMAT.reserved(raw, level) : 0);
  }

  private static String kind(long raw, Level level) {
    boolean leaf = FORMAT.leaf(raw, level);
    List<String> kinds = new ArrayList<>();
    if (FORMAT.none(raw, level)) {
      kinds.add("NONE");
    }
    if (FORMAT.swap(raw, level)) {
      kinds.add("SWAP");
    }
    if (FORMAT.protnone(raw, level)) {
      assertTrue(FORMAT.present(raw, level));
      assertTrue(leaf);
      kinds.add("PROTNONE");
    }
    if (FORMAT.valid(raw, level)) {
      assertTrue(FORMAT.present(raw, level));
      kinds.add(leaf ? level == Level.PTE ? "PAGE" : "HUGE" : "TABLE");
    }
    return String.join("+", kinds);
  }

  private static String address(long raw, Level level, String kind) {
    return switch (kind) {
      case "NONE", "SWAP" -> "-";
      case "TABLE" -> "0x" + Long.toHexString(FORMAT.tableAddr(raw, level));
      default -> "0x" + Long.toHexString(FORMAT.physAddr(raw, level));
    };
  }

  private static String letters(int rights) {
    StringBuilder letters = new StringBuilder();
    for (int i = 0; i < 6; i++) {
      letters.append((rights >> i & 1) != 0 ? "rwxrwx".charAt(i) : '-');
    }
    return letters.toString();
  }

  private static String flags(long raw, Level level, String kind) {
    StringJoiner flags = new StringJoiner(",");
    flags.setEmptyValue("-");
    if (kind.equals("SWAP")) {
      add(flags, "softdirty", FORMAT.swapSoftDirty(raw, level));
      add(flags, "uffdwp", FORMAT.swapUffdWp(raw, level));
      add(flags, "exclusive", FORMAT.swapExclusive(raw, level));
      flags.add("type=" + FORMAT.swapType(raw, level));
      flags.add("offset=0x" + Long.toHexString(FORMAT.swapOffset(raw, level)));
    } else if (!kind.equals("TABLE") && !kind.equals("NONE")) {
      add(flags, "young", FORMAT.young(raw, level));
      add(flags, "dirty", FORMAT.dirty(raw, level));
      add(flags, "write", FORMAT.write(raw, level));
      add(flags, "global", FORMAT.global(raw, level));
      add(flags, "special", FORMAT.special(raw, level));
      add(flags, "softdirty", FORMAT.softDirty(raw, level));
      add(flags, "uffdwp", FORMAT.uffdWp(raw, level));
    }
    return flags.toString();
  }

  private static void add(StringJoiner flags, String name, boolean set) {
    if (set) {
      flags.add(name);
    }
  }

  private static List<List<String>> read() throws IOException {
    InputStream table = GoldenEntriesTest.class.getResourceAsStream(TABLE);
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(Objects.requireNonNull(table, TABLE), StandardCharsets.UTF_8))) {
      return lines
          .lines()
          .filter(line -> !line.startsWith("#"))
          .skip(1)
          .map(line -> List.of(line.split("\t", -1)))
          .toList();
    }
  }
}
