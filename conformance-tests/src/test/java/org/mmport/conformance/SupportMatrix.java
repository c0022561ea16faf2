package org.mmport.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.mmport.conformance.qemu.HardwareJudge;
import org.mmport.spi.Architecture;
import org.mmport.spi.BatchOps;
import org.mmport.spi.MemoryView;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Registers;
import org.mmport.spi.RootFinder;
import org.mmport.spi.SegmentMap;

/** Which variant has what, as docs/support-matrix.md shows it. Run main to write the file anew. */
final class SupportMatrix {
  static final Path FILE = Path.of("..", "docs", "support-matrix.md");

  /** Whether a variant has something, in the kernel's three words. */
  sealed interface Support {
    /** It is there. */
    record Ok() implements Support {}

    /** It could be there, and for this reason is not. */
    record Todo(String reason) implements Support {}

    /** There is nothing to support. */
    record NotThere() implements Support {}

    /** Whether it is there; and if not, whether anybody says why. */
    static Support of(boolean there, Optional<String> reason) {
      return there ? new Ok() : reason.<Support>map(Todo::new).orElseGet(NotThere::new);
    }
  }

  /** A variant, and what its port leaves out of it. */
  private record Column(MmuVariant variant, Map<MmuFeature, String> notModelled, boolean hasNotes) {
    /** Why the first of these that is left out is. */
    Optional<String> whyNot(MmuFeature... features) {
      return Arrays.stream(features)
          .filter(notModelled::containsKey)
          .map(feature -> notModelled.getOrDefault(feature, ""))
          .findFirst();
    }
  }

  private record Row(String name, String about, Function<Column, Support> support) {}

  /** Reasons in the order of their numbers, each with the rows that it is for. */
  private static final class Footnotes {
    private final Map<String, Set<String>> rows = new LinkedHashMap<>();

    String word(Row row, Support support) {
      return switch (support) {
        case Support.Ok() -> "ok";
        case Support.NotThere() -> "..";
        case Support.Todo(String reason) -> {
          rows.computeIfAbsent(reason, r -> new LinkedHashSet<>()).add(row.name());
          yield "TODO (%d)".formatted(List.copyOf(rows.keySet()).indexOf(reason) + 1);
        }
      };
    }

    String text() {
      StringBuilder text = new StringBuilder("\n## Reasons\n\n");
      int number = 1;
      for (var reason : rows.entrySet()) {
        text.append(
            "%d. %s: %s\n"
                .formatted(number++, String.join(", ", reason.getValue()), reason.getKey()));
      }
      return text.toString();
    }
  }

  private static final String NO_JUDGE =
      "the suite has no program yet that sets up this MMU in QEMU and asks it";

  private static final List<Row> FEATURES =
      Stream.of(MmuFeature.values())
          .map(
              feature ->
                  new Row(
                      "`" + feature + "`",
                      about(feature),
                      column -> Support.of(column.variant().has(feature), column.whyNot(feature))))
          .toList();

  private static final List<Row> PIECES =
      List.of(
          new Row(
              "`BatchOps`", "runs of entries are set, read and cleared as one", c -> batchOps(c)),
          new Row(
              "`SegmentMap`",
              "the TLB's keys",
              c ->
                  Support.of(
                      !c.variant().segmentMap().equals(SegmentMap.NONE),
                      c.whyNot(MmuFeature.SEGMENTS))),
          new Row(
              "`HashMmu`",
              "the hash table itself is filled and read",
              c ->
                  Support.of(
                      c.variant().segmentMap().hashMmu().isPresent(), c.whyNot(MmuFeature.HASHED))),
          new Row(
              "`RootFinder`, registers",
              "roots are found from registers alone",
              c -> Support.of(!looksAtMemory(c.variant().rootFinder()), Optional.empty())),
          new Row(
              "`RootFinder`, memory",
              "roots are found with the help of memory",
              c -> Support.of(looksAtMemory(c.variant().rootFinder()), Optional.empty())),
          new Row(
              "`CpuNote`",
              "registers are read from notes of ELF cores",
              c -> Support.of(c.hasNotes(), Optional.empty())),
          new Row(
              "area `HW`",
              "QEMU's MMU judges the port",
              c -> Support.of(HardwareJudge.of(c.variant()).isPresent(), Optional.of(NO_JUDGE))));

  private SupportMatrix() {}

  public static void main(String[] arguments) throws IOException {
    Files.writeString(FILE, markdown(architectures()));
  }

  /** Every port on the class path, by name. */
  static List<Architecture> architectures() {
    return ServiceLoader.load(Architecture.class).stream()
        .map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparing(Architecture::name))
        .toList();
  }

  static String markdown(List<Architecture> architectures) {
    List<Column> columns = architectures.stream().flatMap(SupportMatrix::columns).toList();
    Footnotes notes = new Footnotes();
    return HEAD
        + table("feature", FEATURES, columns, notes)
        + PIECES_HEAD
        + table("piece", PIECES, columns, notes)
        + notes.text();
  }

  private static Stream<Column> columns(Architecture architecture) {
    return architecture.variants().stream()
        .map(variant -> new Column(variant, variant.leftOut(), !architecture.cpuNotes().isEmpty()));
  }

  private static String table(String what, List<Row> rows, List<Column> columns, Footnotes notes) {
    StringBuilder text = new StringBuilder("| %s | meaning |".formatted(what));
    columns.forEach(
        column -> text.append(" %s |".formatted(column.variant().id().replace("/", "/<br>"))));
    text.append("\n|---|---|").append("---|".repeat(columns.size())).append('\n');
    for (Row row : rows) {
      text.append("| %s | %s |".formatted(row.name(), row.about()));
      text.append(
          columns.stream()
              .map(column -> " %s |".formatted(notes.word(row, row.support().apply(column))))
              .collect(Collectors.joining()));
      text.append('\n');
    }
    return text.toString();
  }

  /** Entries that are cached together need it, whether they are declared or left out. */
  private static Support batchOps(Column column) {
    boolean declared =
        column.variant().has(MmuFeature.CONT_PTE) || column.variant().has(MmuFeature.CONT_PMD);
    return Support.of(
        !column.variant().batchOps().equals(BatchOps.ENTRY_WISE),
        declared
            ? Optional.of("contiguous entries are declared, and set and read one by one")
            : column.whyNot(MmuFeature.CONT_PTE, MmuFeature.CONT_PMD));
  }

  /** Whether a finder has a lookup of its own for where memory is at hand. */
  private static boolean looksAtMemory(RootFinder finder) {
    try {
      return finder
              .getClass()
              .getMethod("find", Registers.class, MemoryView.class)
              .getDeclaringClass()
          != RootFinder.class;
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException("every RootFinder has both lookups", e);
    }
  }

  private static String about(MmuFeature feature) {
    return switch (feature) {
      case HW_ACCESSED -> "hardware marks leaves as accessed";
      case HW_DIRTY -> "hardware marks leaves as dirty";
      case NO_EXECUTE -> "entries can forbid execution";
      case GLOBAL_PAGES -> "entries stay in the TLB over a change of address space";
      case ASID -> "the TLB tells address spaces apart";
      case HIERARCHICAL_RIGHTS -> "tables take rights away from what is below";
      case PTE_SPECIAL -> "software: pages without a struct page";
      case SOFT_DIRTY -> "software: writes tracked for checkpoints";
      case UFFD_WP -> "software: write protection for userfaultfd";
      case PROTECTION_KEYS -> "leaves carry a key";
      case CONT_PTE -> "runs of pages are cached as one";
      case CONT_PMD -> "runs of PMD leaves are cached as one";
      case BREAK_BEFORE_MAKE -> "some changes must go through an invalid entry";
      case BROADCAST_TLBI -> "hardware invalidates on other CPUs";
      case ROOT_RELOAD -> "CPUs can be made to load another root";
      case ROOT_ENTRIES_CACHED -> "the CPU keeps root entries from when it loaded the root";
      case HASHED -> "translations live in a hash table";
      case SEGMENTS -> "the TLB is keyed by segment";
      case LEAF_PUD -> "leaves at PUD";
      case LEAF_PMD -> "leaves at PMD";
      case HUGE_SWAP -> "swap and migration entries stand for huge leaves";
      case SUB_PAGE_TABLES -> "tables smaller than a page";
      case MULTI_PAGE_TABLES -> "tables larger than a page";
      case SPLIT_STORE -> "entries are stored in two halves";
    };
  }

  private static final String HEAD =
      """
      # What is supported

      In the manner of the kernel's `Documentation/features`:

      | | |
      |---|---|
      | `ok` | the port has it, and the suite holds it to that |
      | `TODO` | the hardware has it, or Linux does it there, and the port does not: the number leads to the reason [below](#reasons), and the README of its module says more, under "What is not" |
      | `..` | there is nothing to support on that architecture |

      Written by `scripts/write-docs` from what the ports declare; a test keeps the two equal. `TODO` comes from
      `MmuVariant.leftOut`.

      ## Features

      """;

  private static final String PIECES_HEAD =
      """

      ## Pieces of the SPI that not every port has, and its judge

      Of the two ways to find roots a port has one.

      """;
}
