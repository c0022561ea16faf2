package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Annotations, docs/clauses.md and what a run reports name the same clauses. With {@code
 * -Dmmport.writeDocs=true} the table is written instead.
 */
class ClausesDocTest {
  private static final Path DOC = Path.of("../docs/clauses.md");
  private static final String START =
      "| clause | what holds | source | what to look at when it fails |";

  private static String table() {
    StringBuilder table = new StringBuilder(START + "\n|---|---|---|---|\n");
    for (ClauseInfo clause : ConformanceSuite.clauses()) {
      table.append(
          "| <a id=\"%s\"></a>`%s` | %s | %s | %s |\n"
              .formatted(
                  clause.id().toLowerCase(java.util.Locale.ROOT),
                  clause.id(),
                  cell(clause.text()),
                  cell(clause.source()),
                  cell(clause.check())));
    }
    return table.toString();
  }

  private static String cell(String text) {
    return text.replace("|", "\\|").replace("<", "&lt;");
  }

  @Test
  void documentListsEveryClauseAsAnnotated() throws IOException {
    String document = Files.readString(DOC);
    int start = document.indexOf(START);
    if (Boolean.getBoolean("mmport.writeDocs")) {
      Files.writeString(DOC, document.substring(0, start) + table());
      return;
    }
    assertEquals(
        table(),
        document.substring(start),
        "docs/clauses.md; rewrite it with -Dmmport.writeDocs=true");
  }

  @Test
  void runReportsEveryClauseOnce() {
    List<String> reported =
        ConformanceSuite.run(ClauseSelection.ALL, ConformanceSuite.DEFAULT_SEED).stream()
            .filter(result -> result.variant().equals("x86_64/4level"))
            .map(ClauseResult::clause)
            .toList();
    Set<String> annotated =
        ConformanceSuite.clauses().stream()
            .map(ClauseInfo::id)
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(annotated, new TreeSet<>(reported));
    assertEquals(annotated.size(), reported.size());
    assertTrue(annotated.size() > 100, "clauses: " + annotated.size());
  }
}
