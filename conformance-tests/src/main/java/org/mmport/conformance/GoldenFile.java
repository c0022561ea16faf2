package org.mmport.conformance;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.mmport.spi.InvalidRequestException;

/** A table of tab-separated columns on the class path, so that anybody's port can bring its own. */
record GoldenFile(String name, List<List<String>> rows) {
  private static final String FOLDER = "org/mmport/conformance/golden/";

  /** The rows of a file, header and comments left out; none where there is no such file. */
  static GoldenFile read(String name, int columns) {
    ClassLoader own = GoldenFile.class.getClassLoader();
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    String path = FOLDER + name + ".tsv";
    List<List<String>> rows = new ArrayList<>();
    for (ClassLoader loader : Stream.of(context, own).filter(l -> l != null).distinct().toList()) {
      try (InputStream in = loader.getResourceAsStream(path)) {
        if (in != null) {
          rows.addAll(parse(name, new String(in.readAllBytes(), StandardCharsets.UTF_8), columns));
          break;
        }
      } catch (IOException e) {
        throw new UncheckedIOException(path + ": cannot be read: " + e.getMessage(), e);
      }
    }
    return new GoldenFile(name, List.copyOf(rows));
  }

  private static List<List<String>> parse(String name, String text, int columns) {
    List<List<String>> rows = new ArrayList<>();
    for (String line :
        text.lines().filter(l -> !l.isBlank() && !l.startsWith("#")).skip(1).toList()) {
      List<String> row = Arrays.asList(line.split("\t", -1));
      if (row.size() != columns) {
        throw new InvalidRequestException(
            "golden file %s: '%s' has %d columns, needs %d"
                .formatted(name, line, row.size(), columns));
      }
      rows.add(row);
    }
    return rows;
  }

  /** A number as the files write it: decimal, or hex after 0x. */
  static long number(String text) {
    return text.startsWith("0x")
        ? Long.parseUnsignedLong(text.substring(2), 16)
        : Long.parseLong(text);
  }
}
