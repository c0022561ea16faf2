package org.mmport.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
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

  /** The kernel's three words for it. */
  enum Support {
    OK("ok"),
    TODO("TODO"),
    NOT_THERE("..");

    private final String word;

    Support(String word) {
      this.word = word;
    }

    String word() {
      return word;
    }

    /** Whether it is there; and if not, whether anybody says that it could be. */
    static Support of(boolean there, boolean missing) {
      return there ? OK : missing ? TODO : NOT_THERE;
    }
  }

  /** A variant, and what its port leaves out of it. */
  private record Column(MmuVariant variant, Set<MmuFeature> notModelled, boolean hasNotes) {
    boolean leavesOut(MmuFeature... features) {
      return Arrays.stream(features).anyMatch(notModelled::contains);
    }
  }

  private record Row(String name, String about, Function<Column, Support> support) {}

  private static final List<Row> FEATURES =
      Stream.of(MmuFeature.values())
          .map(
              feature ->
                  new Row(
                      "`" + feature + "`",
                      about(feature),
                      column ->
                          Support.of(column.variant().has(feature), column.leavesOut(feature))))
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
                      c.leavesOut(MmuFeature.SEGMENTS))),
          new Row(
              "`HashMmu`",
              "the hash table itself is filled and read",
              c ->
                  Support.of(
                      c.variant().segmentMap().hashMmu().isPresent(),
                      c.leavesOut(MmuFeature.HASHED))),
          new Row(
              "`RootFinder`, registers",
              "roots are found from registers alone",
              c -> Support.of(!looksAtMemory(c.variant().rootFinder()), false)),
          new Row(
              "`RootFinder`, memory",
              "roots are found with the help of memory",
              c -> Support.of(looksAtMemory(c.variant().rootFinder()), false)),
          new Row(
              "`CpuNote`",
              "registers are read from notes of ELF cores",
              c -> Support.of(c.hasNotes(), false)),
          new Row(
              "area `HW`",
              "QEMU's MMU judges the port",
              c -> Support.of(HardwareJudge.of(c.variant()).isPresent(), true)));

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
    return HEAD
        + table("feature", FEATURES, columns)
        + PIECES_HEAD
        + table("piece", PIECES, columns);
  }

  private static Stream<Column> columns(Architecture architecture) {
    return architecture.variants().stream()
        .map(
            variant ->
                new Column(
                    variant,
                    architecture.notModelled(variant),
                    !architecture.cpuNotes().isEmpty()));
  }

  private static String table(String what, List<Row> rows, List<Column> columns) {
    StringBuilder text = new StringBuilder("| %s | meaning |".formatted(what));
    columns.forEach(
        column -> text.append(" %s |".formatted(column.variant().id().replace("/", "/<br>"))));
    text.append("\n|---|---|").append("---|".repeat(columns.size())).append('\n');
    for (Row row : rows) {
      text.append("| %s | %s |".formatted(row.name(), row.about()));
      text.append(
          columns.stream()
              .map(column -> " %s |".formatted(row.support().apply(column).word()))
              .collect(Collectors.joining()));
      text.append('\n');
    }
    return text.toString();
  }

  /** Entries that are cached together need it, whether they are declared or left out. */
  private static Support batchOps(Column column) {
    boolean needed =
        column.variant().has(MmuFeature.CONT_PTE)
            || column.variant().has(MmuFeature.CONT_PMD)
            || column.leavesOut(MmuFeature.CONT_PTE, MmuFeature.CONT_PMD);
    return Support.of(!column.variant().batchOps().equals(BatchOps.ENTRY_WISE), needed);
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
      | `TODO` | the hardware has it, or Linux does it there, and the port does not: what is missing and why is in the README of its module, under "What is not" |
      | `..` | there is nothing to support on that architecture |

      Written by `scripts/write-docs` from what the ports declare; a test keeps the two equal. `TODO` comes from
      `Architecture.notModelled`.

      ## Features

      """;

  private static final String PIECES_HEAD =
      """

      ## Pieces of the SPI that not every port has, and its judge

      Of the two ways to find roots a port has one. `TODO` in the last row: nobody has taught the judge that MMU yet.

      """;
}
