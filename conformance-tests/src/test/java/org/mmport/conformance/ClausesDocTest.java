package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;

/** Annotations, the table in the docs, and what a run reports are the same clauses. */
class ClausesDocTest {

  @Test
  void docsAreWhatAnnotationsSay() throws IOException {
    assertEquals(
        ClauseTable.markdown(),
        Files.readString(ClauseTable.FILE),
        "docs/clauses.md is out of date: run scripts/write-docs");
  }

  @Test
  void runsReportEveryClauseOnceInTheOrderOfTheDocs() throws IOException {
    List<String> documented =
        Pattern.compile("(?m)^\\| ([A-Z]+-\\d+) ")
            .matcher(Files.readString(ClauseTable.FILE))
            .results()
            .map(MatchResult::group)
            .map(row -> row.substring(2).strip())
            .toList();
    for (MmuVariant variant : ConformanceSuite.variants()) {
      List<String> reported = SuiteRuns.of(variant).stream().map(ClauseResult::clause).toList();
      assertEquals(documented, reported);
    }
  }

  @Test
  void idsAreUniqueAndEveryClauseSaysWhatItIs() {
    Set<String> ids = new HashSet<>();
    for (ClauseInfo clause : ConformanceSuite.clauses()) {
      assertTrue(ids.add(clause.id()), clause.id());
      assertTrue(
          clause
              .id()
              .matches(
                  "(GEO|FMT|FOLD|WALK|MAP|FLUSH|BATCH|CONT|IMG|SEG|HASH|TLB|FAULT|COW|LAZY|RMAP|RECLAIM|SWAP|FOLIO|THP|FORK|MREMAP|MLOCK|MADV|NUMA|RANGE|ACCT|LOCK|KERN|MODEL|HW)-\\d\\d"),
          clause.id());
      for (String part : List.of(clause.text(), clause.source(), clause.check())) {
        assertFalse(part.isBlank() || part.contains("|") || part.contains("\n"), clause.id());
      }
      assertFalse(clause.text().endsWith("."), clause.id());
    }
  }

  @Test
  void premisesExistAndDoNotGoInCircles() {
    Set<String> sound = new HashSet<>();
    for (ClauseInfo clause : ConformanceSuite.clauses()) {
      follow(clause, new HashSet<>(), sound);
    }
    assertEquals(ConformanceSuite.clauses().size(), sound.size());
  }

  /** Each clause once: there are too many ways from the last areas to the first. */
  private static void follow(ClauseInfo clause, Set<String> way, Set<String> sound) {
    assertTrue(way.add(clause.id()), () -> clause.id() + " rests on itself: " + way);
    if (!sound.contains(clause.id())) {
      ClauseCatalog.premises(clause).forEach(premise -> follow(premise, way, sound));
      sound.add(clause.id());
    }
    way.remove(clause.id());
  }

  @Test
  void selectionsNameClausesAreasVariantsAndPorts() {
    ClauseSelection one = new ClauseSelection(List.of("x86_64/la57"), List.of("fmt-03"));
    assertEquals(List.of("FMT-03"), one.selectedClauses().stream().map(ClauseInfo::id).toList());
    assertEquals(1, one.selectedVariants(ConformanceSuite.variants()).size());
    ClauseSelection port = new ClauseSelection(List.of("x86_64"), List.of("GEO", "FOLD-01"));
    assertEquals(16, port.selectedClauses().size());
    assertEquals(2, port.selectedVariants(ConformanceSuite.variants()).size());
  }

  @Test
  void selectionsOfNothingAreRefused() {
    assertThrows(
        InvalidRequestException.class, () -> new ClauseSelection(List.of(), List.of("FMT-999")));
    ClauseSelection unknown = new ClauseSelection(List.of("vax"), List.of());
    assertThrows(
        InvalidRequestException.class, () -> unknown.selectedVariants(ConformanceSuite.variants()));
  }

  @Test
  void theSameSeedGivesTheSameResult() {
    MmuVariant variant = ConformanceSuite.variants().getFirst();
    ClauseInfo clause = ClauseCatalog.byId("MAP-02");
    for (long seed : new long[] {1, 2, 3}) {
      ClauseResult result = new VariantRun(variant, seed, HardwareUse.OFF).run(clause);
      assertEquals(ClauseOutcome.PASS, result.outcome(), result.reason());
      assertEquals(seed, result.seed());
    }
  }
}
