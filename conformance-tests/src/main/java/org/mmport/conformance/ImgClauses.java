package org.mmport.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.mmport.image.BadDumpException;
import org.mmport.image.MemoryDump;
import org.mmport.pgtable.FaultReason;
import org.mmport.pgtable.Outcome;
import org.mmport.pgtable.TableWalker;
import org.mmport.pgtable.WalkProblem;
import org.mmport.pgtable.WalkSummary;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/** IMG: a variant's tables read out of memory dumps. */
@RestsOn({"FMT-20", "FMT-21", "FMT-53", "FMT-60", "FMT-61"})
final class ImgClauses {
  private static final int GARBAGE_FILES = 24;

  private ImgClauses() {}

  @Clause(
      id = "IMG-01",
      text =
          "Tables read from an ELF core say what they said in memory, in both classes and byte orders",
      source = "System V ABI, ELF header and program header; the command maps",
      check = "that a core's byte order is the file's, not that of the entries")
  static void coresReadBack(ClauseContext c) {
    for (CoreWriter writer : CoreWriter.all()) {
      HandTree tree = HandTree.of(c);
      WalkClauses.scatter(c, tree);
      List<String> expected = leaves(tree.walker());
      withFile(
          file -> {
            writer.write(
                file, tree.machine().memory(), List.of(new CoreWriter.Load(0, tree.end())));
            try (MemoryDump dump = MemoryDump.open(file, List.of())) {
              List<String> found =
                  leaves(TableWalker.over(dump.memory(), c.variant(), tree.roots()));
              c.check(
                  found.equals(expected), expected.size() + " leaves from " + writer, found.size());
            }
          });
    }
  }

  @Clause(
      id = "IMG-02",
      text = "Tables read from raw memory say what they said in memory",
      source = "the command maps on raw memory",
      check = "MemoryDump.open for files without a header")
  static void rawMemoryReadsBack(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    Map<Long, Long> model = WalkClauses.scatter(c, tree);
    withFile(
        file -> {
          CoreWriter.writeRaw(file, tree.machine().memory().slice(0, tree.end()));
          try (MemoryDump dump = MemoryDump.openRaw(file, 0)) {
            TableWalker walker = TableWalker.over(dump.memory(), c.variant(), tree.roots());
            model.forEach(
                (va, physAddr) ->
                    c.checkVa(
                        walker.translate(va) == physAddr,
                        va,
                        ClauseContext.hex(physAddr),
                        walker.translate(va)));
          }
        });
  }

  @Clause(
      id = "IMG-03",
      text = "Tables that lie in several segments of a core, in any order, are read as one memory",
      source = "System V ABI, PT_LOAD; memory has holes",
      check =
          "extents that are searched rather than reached directly, and are not aligned in the file")
  static void segmentsAreOneMemory(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    WalkClauses.scatter(c, tree);
    List<String> expected = leaves(tree.walker());
    long page = c.geometry().pageBytes();
    List<CoreWriter.Load> loads = new ArrayList<>();
    for (long at = 0; at < tree.end(); at += 2 * page) {
      loads.addFirst(new CoreWriter.Load(at, Math.min(2 * page, tree.end() - at)));
    }
    withFile(
        file -> {
          CoreWriter.all().getFirst().write(file, tree.machine().memory(), loads);
          try (MemoryDump dump = MemoryDump.open(file, List.of())) {
            TableWalker walker = TableWalker.over(dump.memory(), c.variant(), tree.roots());
            c.check(
                leaves(walker).equals(expected),
                expected.size() + " leaves",
                leaves(walker).size());
          }
        });
  }

  @Clause(
      id = "IMG-04",
      text =
          "Tables that lie outside a dump are a fault with its name, and a visit counts them and goes on",
      source = "bad input: a corrupt dump is a walk that goes on, counts and reports",
      check = "FaultReason.OUTSIDE_MEMORY and WalkSummary.problems")
  static void missingTablesAreCounted(ClauseContext c) {
    Level above = c.tableLevels().getLast();
    HandTree tree = HandTree.of(c);
    long va = c.geometry().vaLayout().regions().getFirst().firstVa();
    long behind = va + Samples.spanBytes(c.geometry(), above);
    tree.put(va, Level.PTE, Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE));
    tree.put(behind, above, c.format().mkTable(tree.end() + (64 << 20), above, TableOwner.USER));
    withFile(
        file -> {
          CoreWriter.all()
              .getFirst()
              .write(file, tree.machine().memory(), List.of(new CoreWriter.Load(0, tree.end())));
          try (MemoryDump dump = MemoryDump.open(file, List.of())) {
            TableWalker walker = TableWalker.over(dump.memory(), c.variant(), tree.roots());
            boolean named =
                walker.walk(behind).outcome() instanceof Outcome.Fault fault
                    && fault.reason() == FaultReason.OUTSIDE_MEMORY;
            c.checkVa(named, behind, "fault outside-memory", walker.walk(behind).outcome());
            List<Long> found = new ArrayList<>();
            WalkSummary summary = walker.visit((at, raw, level, rights) -> found.add(at));
            c.check(found.equals(List.of(va)), "the one leaf that is there", found);
            long counted = summary.problems().getOrDefault(WalkProblem.TABLE_OUTSIDE_MEMORY, 0L);
            c.check(counted == 1, "1 problem counted", summary.problems());
          }
        });
  }

  @Clause(
      id = "IMG-05",
      text =
          "A core that is cut short anywhere is refused in one line, or opens with what is there",
      source = "bad input: truncated or garbage ELF",
      check = "bounds of headers, notes and segments in MemoryDump")
  static void cutShort(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    WalkClauses.scatter(c, tree);
    withFile(
        file -> {
          CoreWriter.all()
              .getFirst()
              .write(file, tree.machine().memory(), List.of(new CoreWriter.Load(0, tree.end())));
          byte[] whole = bytesOf(file);
          for (int i = 0; i < GARBAGE_FILES; i++) {
            int length = i < 8 ? 4 + 20 * i : c.random().nextInt(whole.length);
            CoreWriter.writeRaw(file, MemorySegment.ofArray(Arrays.copyOf(whole, length)));
            opensOrRefuses(c, file, tree, "a core cut to " + length + " bytes");
          }
        });
  }

  @Clause(
      id = "IMG-06",
      text =
          "Headers and tables full of garbage are refused in one line, or walked without end or exception",
      source = "bad input: garbage in headers and entries",
      check = "sums that overflow in MemoryDump; cycles and revisits in TableVisit")
  static void garbage(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    WalkClauses.scatter(c, tree);
    withFile(
        file -> {
          CoreWriter.all()
              .getFirst()
              .write(file, tree.machine().memory(), List.of(new CoreWriter.Load(0, tree.end())));
          byte[] whole = bytesOf(file);
          for (int i = 0; i < GARBAGE_FILES; i++) {
            byte[] garbled = whole.clone();
            int first = i % 2 == 0 ? 4 : 200;
            int range = i % 2 == 0 ? 200 : garbled.length - 200;
            for (int k = 0; k < 16; k++) {
              garbled[first + c.random().nextInt(range)] = (byte) c.random().nextInt();
            }
            CoreWriter.writeRaw(file, MemorySegment.ofArray(garbled));
            opensOrRefuses(c, file, tree, "garbage file " + i);
          }
        });
  }

  private static void opensOrRefuses(ClauseContext c, Path file, HandTree tree, String what) {
    try (MemoryDump dump = MemoryDump.open(file, List.of())) {
      TableWalker walker = TableWalker.over(dump.memory(), c.variant(), tree.roots());
      walker.visit((va, raw, level, rights) -> {}, 64);
      for (long va : Samples.pages(c, 4)) {
        walker.walk(va);
        walker.translate(va);
      }
    } catch (BadDumpException e) {
      String message = String.valueOf(e.getMessage());
      c.check(message.lines().count() == 1, what + " refused in one line", message);
    }
  }

  private static List<String> leaves(TableWalker walker) {
    List<String> all = new ArrayList<>();
    walker.visit(
        (va, raw, level, rights) ->
            all.add("%s %x %x %s".formatted(level, va, raw, GoldenRows.letters(rights))));
    return all;
  }

  private static byte[] bytesOf(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static void withFile(Consumer<Path> use) {
    try {
      Path file = Files.createTempFile("mmport-conformance", ".core");
      try {
        use.accept(file);
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("no temporary file: " + e.getMessage(), e);
    }
  }
}
