package org.mmport.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.mmport.spi.MmuFeature;

/** The clauses as docs/clauses.md shows them. Run main to write the file anew. */
final class ClauseTable {
  static final Path FILE = Path.of("..", "docs", "clauses.md");

  private ClauseTable() {}

  public static void main(String[] arguments) throws IOException {
    Files.createDirectories(FILE.toAbsolutePath().getParent());
    Files.writeString(FILE, markdown());
  }

  static String markdown() {
    StringBuilder text = new StringBuilder(HEAD);
    for (String area : ClauseCatalog.areas()) {
      List<ClauseInfo> clauses =
          ConformanceSuite.clauses().stream().filter(c -> c.area().equals(area)).toList();
      text.append("\n## %s: %s\n\n".formatted(area, about(area)));
      text.append(
          "| id | clause | source | when it fails, look at | only if |\n|---|---|---|---|---|\n");
      clauses.forEach(clause -> text.append(row(clause)));
    }
    return text.append(bugClasses()).toString();
  }

  private static String bugClasses() {
    StringBuilder text = new StringBuilder(BUGS);
    BugClasses.NAMES.forEach(
        (number, name) ->
            text.append(
                "| %d | %s | %s |%n"
                    .formatted(number, name, String.join(", ", BugClasses.clauses(number)))));
    return text.toString();
  }

  private static String row(ClauseInfo clause) {
    String features =
        Stream.concat(
                clause.requires().stream().map(MmuFeature::name),
                clause.absent().stream().map(feature -> "not " + feature))
            .collect(Collectors.joining(", "));
    return "| %s | %s | %s | %s | %s |%n"
        .formatted(clause.id(), clause.text(), clause.source(), clause.check(), features)
        .replace("  |", " |");
  }

  private static String about(String area) {
    return switch (area) {
      case "GEO" -> "the shape of tables";
      case "FMT" -> "the bits of entries";
      case "FOLD" -> "levels that a variant lacks";
      case "WALK" -> "reading tables";
      case "MAP" -> "changing tables";
      case "FLUSH" -> "what the TLB demands";
      case "BATCH" -> "operations on runs of entries";
      case "CONT" -> "runs that are cached as one";
      case "IMG" -> "tables in memory dumps";
      case "HASH" -> "hash tables";
      case "TLB" -> "what CPUs make of tables, keep of them and leave in them";
      case "SEG" -> "segments";
      case "FAULT" -> "what a process meets where hardware stops";
      case "COW" -> "pages that several have until one writes";
      case "RMAP" -> "who maps a page";
      case "RECLAIM" -> "pages that leave memory when it is short";
      case "SWAP" -> "pages that come back";
      case "LAZY" -> "page tables that are shared after a fork";
      case "FOLIO" -> "private memory in folios of several pages";
      case "FORK" -> "ways to copy at fork";
      case "THP" -> "private memory mapped by leaves above the last level";
      case "MREMAP" -> "mappings that get another size or place";
      case "MLOCK" -> "memory that stays in memory";
      case "MADV" -> "memory that nobody needs any more";
      case "NUMA" -> "accesses that tell on which node memory is used";
      case "RANGE" -> "ranges of a process that change folio by folio";
      case "ACCT" -> "what is counted, and that nothing is lost";
      case "LOCK" -> "what threads may do beside each other";
      case "KERN" -> "the kernel's half of every address space";
      case "MODEL" -> "processes at random, beside a model";
      case "HW" -> "what QEMU's MMU makes of tables (run with `--hw`)";
      default ->
          throw new IllegalArgumentException("say in ClauseTable what " + area + " is about");
    };
  }

  private static final String BUGS =
      """

      ## Classes of bugs

      | class | what goes wrong | clauses that name it |
      |---|---|---|
      """;

  private static final String HEAD =
      """
      # Clauses

      Every port is held to these, on every variant, by `./mmport conform`, by `mvn verify`, and in a module of
      anybody's own by one class that extends `org.mmport.conformance.PortConformance`. One clause alone:
      `./mmport conform x86_64/la57 --clause FMT-07 --seed 42`. Areas are ids too: `--clause WALK`.

      A clause passes, fails, or is not applicable and says why: the variant has or lacks a feature, or a clause that
      it rests on fails, so that one defect is one failure. Features are tested both ways: where a variant does not
      have one, a clause demands that it is refused.

      Sources are requirements (`R2.23`), checks of the kernel (tests of `mm/debug_vm_pgtable.c`, functions, files),
      manuals, and the 19 classes of bugs that page-table projects had again and again (`bug class 5`, listed at
      the end).

      Written by `scripts/write-docs` from the clauses' annotations; a test keeps the two equal.
      """;
}
