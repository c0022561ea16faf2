package org.mmport.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.mmport.spi.InvalidRequestException;

/**
 * The segment lookaside buffer as QEMU's {@code info tlb} prints it: slot, ESID word, VSID word, a
 * line each, with or without a heading.
 */
record SlbFile(Path path, List<Row> rows) {
  private static final Pattern ROW =
      Pattern.compile("(\\d+)\\s+0x([0-9a-fA-F]{1,16})\\s+0x([0-9a-fA-F]{1,16})");

  /** The two words of an entry, as {@code slbmte} takes them. */
  record Row(int slot, long esidWord, long vsidWord) {}

  static SlbFile read(Path path) {
    List<String> lines;
    try {
      lines = Files.readAllLines(path, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new InvalidRequestException("--slb " + path + ": cannot be read");
    }
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (line.isEmpty() || line.startsWith("#") || line.matches("SLB\\s+ESID\\s+VSID")) {
        continue;
      }
      Matcher row = ROW.matcher(line);
      if (!row.matches()) {
        throw new InvalidRequestException(
            "--slb %s: line %d '%.40s': must be slot, ESID word, VSID word, as in '3 0x8000000 0x400'"
                .formatted(path, i + 1, line));
      }
      rows.add(
          new Row(
              Integer.parseInt(row.group(1), 0, Math.min(9, row.group(1).length()), 10),
              Long.parseUnsignedLong(row.group(2), 16),
              Long.parseUnsignedLong(row.group(3), 16)));
    }
    if (rows.isEmpty()) {
      throw new InvalidRequestException("--slb " + path + ": has no entries");
    }
    return new SlbFile(path, List.copyOf(rows));
  }
}
