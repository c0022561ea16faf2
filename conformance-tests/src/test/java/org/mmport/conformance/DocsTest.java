package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.mmport.spi.MmuVariant;

/** What documents name exists, and what they quote is what is printed. */
class DocsTest {
  private static final Path TOP = Path.of("..");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)(?:#[^)]*)?\\)");
  private static final Pattern CLAUSE =
      Pattern.compile("\\b(?:" + String.join("|", ClauseCatalog.areas()) + ")-\\d+\\b");
  private static final Pattern MODULE = Pattern.compile("<module>([^<]+)</module>");

  @Test
  void linksLeadToFiles() throws IOException {
    List<String> broken = new ArrayList<>();
    for (Path document : documents()) {
      for (MatchResult link : find(LINK, document)) {
        Path target = document.resolveSibling(link.group(1));
        if (!Files.exists(target)) {
          broken.add(document + " -> " + link.group(1));
        }
      }
    }
    assertEquals(List.of(), broken);
  }

  @Test
  void clausesExist() throws IOException {
    Set<String> known =
        ConformanceSuite.clauses().stream().map(ClauseInfo::id).collect(Collectors.toSet());
    List<String> unknown = new ArrayList<>();
    for (Path document : documents()) {
      find(CLAUSE, document).stream()
          .map(MatchResult::group)
          .filter(id -> !known.contains(id))
          .forEach(id -> unknown.add(document + ": " + id));
    }
    assertEquals(List.of(), unknown);
  }

  @Test
  void modulesHaveAReadmeAndALineInTheTopOne() throws IOException {
    String readme = Files.readString(TOP.resolve("README.md"));
    List<MatchResult> modules = find(MODULE, TOP.resolve("pom.xml"));
    assertTrue(modules.size() >= 5, "modules found: " + modules.size());
    for (MatchResult module : modules) {
      String name = module.group(1);
      assertTrue(Files.exists(TOP.resolve(name).resolve("README.md")), name + "/README.md");
      assertTrue(readme.contains("[`" + name + "`](" + name + "/README.md)"), name);
    }
  }

  /** The matrix in the README, cell by cell and in its sums; only the time may differ. */
  @Test
  void readmeShowsTheMatrix() throws IOException {
    List<String> rows = new ArrayList<>();
    long[] sums = new long[ClauseOutcome.values().length];
    for (MmuVariant variant : ConformanceSuite.variants()) {
      List<ClauseResult> results = SuiteRuns.of(variant);
      StringBuilder row = new StringBuilder(variant.id());
      for (String area : ClauseCatalog.areas()) {
        long passed = count(results, area, ClauseOutcome.PASS);
        long applicable = passed + count(results, area, ClauseOutcome.FAIL);
        row.append(applicable == 0 ? " n/a" : " " + passed + "/" + applicable);
      }
      rows.add(row.toString());
      for (ClauseResult result : results) {
        sums[result.outcome().ordinal()]++;
      }
    }
    rows.add(
        "%d passed, %d failed, %d not applicable, in"
            .formatted(
                sums[ClauseOutcome.PASS.ordinal()],
                sums[ClauseOutcome.FAIL.ordinal()],
                sums[ClauseOutcome.NOT_APPLICABLE.ordinal()]));
    String readme =
        Files.readString(TOP.resolve("README.md"))
            .lines()
            .map(line -> line.replaceAll(" +", " "))
            .collect(Collectors.joining("\n"));
    List<String> missing = rows.stream().filter(row -> !readme.contains("\n" + row)).toList();
    assertEquals(List.of(), missing, "README.md is to show: " + String.join("\n", rows));
  }

  private static long count(List<ClauseResult> results, String area, ClauseOutcome outcome) {
    return results.stream()
        .filter(r -> r.clause().startsWith(area + "-") && r.outcome() == outcome)
        .count();
  }

  /** The line that the porting guide explains is what the suite prints of that mistake. */
  @Test
  void theGuidesFailureIsReal() throws IOException {
    Broken broken =
        BrokenPorts.all().stream()
            .filter(one -> one.name().equals("x86_64/4level: wrProtect drops dirty"))
            .findFirst()
            .orElseThrow();
    ClauseResult result =
        new VariantRun(broken.variant(), ConformanceSuite.DEFAULT_SEED, HardwareUse.OFF)
            .run(ClauseCatalog.byId("FMT-07"));
    String guide = Files.readString(TOP.resolve("docs/porting-guide.md"));
    assertTrue(guide.contains("\n" + result.reason() + "\n"), result.reason());
  }

  /** Golden rows, and the annotation that CONTRIBUTING shows. */
  @Test
  void quotedRowsAndAnnotationsAreThere() throws IOException {
    List<String> golden =
        Files.readAllLines(Path.of("src/main/resources/org/mmport/conformance/golden/x86_64.tsv"));
    List<String> quoted =
        Files.readAllLines(TOP.resolve("docs/porting-guide.md")).stream()
            .filter(line -> line.startsWith("PTE\t"))
            .toList();
    assertTrue(quoted.size() >= 5, "rows quoted: " + quoted.size());
    assertTrue(golden.containsAll(quoted), quoted.toString());
    ClauseInfo clause = ClauseCatalog.byId("FMT-07");
    String contributing = Files.readString(TOP.resolve("CONTRIBUTING.md"));
    assertTrue(contributing.contains("text = \"" + clause.text() + "\""), clause.text());
    assertTrue(contributing.contains("check = \"" + clause.check() + "\""), clause.check());
  }

  private static List<MatchResult> find(Pattern pattern, Path file) throws IOException {
    return pattern.matcher(Files.readString(file)).results().toList();
  }

  /** Markdown of the top folder, of docs and of modules; not what a build or an editor left. */
  private static List<Path> documents() throws IOException {
    List<Path> folders =
        new ArrayList<>(List.of(TOP, TOP.resolve("docs"), TOP.resolve("docs/adr")));
    find(MODULE, TOP.resolve("pom.xml"))
        .forEach(module -> folders.add(TOP.resolve(module.group(1))));
    List<Path> documents = new ArrayList<>();
    for (Path folder : folders) {
      try (Stream<Path> files = Files.list(folder)) {
        files.filter(file -> file.toString().endsWith(".md")).forEach(documents::add);
      }
    }
    assertTrue(documents.size() >= 15, Arrays.toString(documents.toArray()));
    return documents;
  }
}
