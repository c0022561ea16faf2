package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the porting guide shows of the worked example stands in the worked example. */
class PortingGuideTest {
  private static final Path GUIDE = Path.of("..", "docs", "porting-guide.md");
  private static final Path EXAMPLE = Path.of("..", "arch-x86_64");

  /** Ports of this repository have no such class: the suite's own tests find them. */
  private static final Set<String> TEST_CLASS =
      Set.of(
          "import org.mmport.conformance.PortConformance;",
          "class ConformanceTest extends PortConformance {}");

  @Test
  void codeIsThatOfThePort() throws IOException {
    Set<String> known = lines(".java");
    List<String> shown = shown("```java");
    assertTrue(shown.size() > 60, shown.size() + " lines of code in the guide");
    assertEquals(
        List.of(),
        shown.stream()
            .filter(line -> !known.contains(line))
            .filter(line -> !TEST_CLASS.contains(line))
            .toList());
  }

  private static Set<String> lines(String suffix) throws IOException {
    Set<String> lines = new HashSet<>();
    try (Stream<Path> files = Files.walk(EXAMPLE.resolve("src"))) {
      for (Path file : files.filter(path -> path.toString().endsWith(suffix)).toList()) {
        Files.readAllLines(file).forEach(line -> lines.add(line.strip()));
      }
    }
    return lines;
  }

  private static List<String> shown(String fence) throws IOException {
    List<String> shown = new ArrayList<>();
    boolean inside = false;
    for (String line : Files.readAllLines(GUIDE)) {
      if (line.startsWith("```")) {
        inside = line.equals(fence);
      } else if (inside && !line.isBlank()) {
        shown.add(line.strip());
      }
    }
    return shown;
  }
}
