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
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/requirements.md names clauses and tests that exist, and every requirement once. */
class RequirementsDocTest {
  private static final Path FILE = Path.of("..", "docs", "requirements.md");
  private static final Pattern ROW = Pattern.compile("\\| (R[0-4]\\.[0-9]+) \\| .* \\| (.*) \\|");
  private static final Pattern CLAUSE = Pattern.compile("\\b[A-Z]{2,5}-[0-9]{2}\\b");
  private static final Pattern TEST_CLASS = Pattern.compile("\\b[A-Z][A-Za-z0-9]+Test\\b");

  /** How many the five threads have, by their number. */
  private static final int[] REQUIREMENTS = {38, 22, 42, 31, 38};

  @Test
  void everyRequirementHasOneRow() throws IOException {
    List<String> expected = new ArrayList<>();
    for (int thread = 0; thread < REQUIREMENTS.length; thread++) {
      for (int i = 1; i <= REQUIREMENTS[thread]; i++) {
        expected.add("R" + thread + "." + i);
      }
    }
    assertEquals(expected, rows().map(row -> row.group(1)).toList());
  }

  @Test
  void clausesAndTestsExist() throws IOException {
    Set<String> known =
        ConformanceSuite.clauses().stream()
            .map(ClauseInfo::id)
            .collect(Collectors.toCollection(HashSet::new));
    known.addAll(testClasses());
    List<String> unknown =
        rows()
            .map(row -> row.group(2))
            .flatMap(
                shownBy ->
                    Stream.of(CLAUSE, TEST_CLASS).flatMap(name -> name.matcher(shownBy).results()))
            .map(MatchResult::group)
            .filter(name -> !known.contains(name))
            .toList();
    assertEquals(List.of(), unknown);
  }

  @Test
  void everyRowSaysWhoShowsIt() throws IOException {
    assertTrue(rows().noneMatch(row -> row.group(2).isBlank()));
  }

  private static Stream<Matcher> rows() throws IOException {
    return Files.readAllLines(FILE).stream().map(ROW::matcher).filter(Matcher::matches);
  }

  private static Set<String> testClasses() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of(".."))) {
      return files
          .filter(file -> file.toString().endsWith("Test.java"))
          .map(file -> file.getFileName().toString().replace(".java", ""))
          .collect(Collectors.toSet());
    }
  }
}
