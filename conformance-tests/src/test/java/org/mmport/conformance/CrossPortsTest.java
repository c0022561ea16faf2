package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.Outcome;
import org.mmport.pgtable.PageTable;
import org.mmport.spi.EntryKind;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/**
 * One mapping program, in pages and not in bytes, on every variant: what user code may do with each
 * page, and where the page is, is the same everywhere but for what a variant cannot express.
 */
class CrossPortsTest {
  private static final long SEED = 42;
  private static final int PAGES = 400;
  private static final int STEPS = 300;
  private static final List<Protection> PROTECTIONS =
      List.of(
          Protection.PAGE_NONE,
          Protection.PAGE_READONLY,
          Protection.PAGE_READONLY_EXEC,
          Protection.PAGE_COPY,
          Protection.PAGE_SHARED,
          Protection.PAGE_SHARED_EXEC);

  @Test
  void fieldsOfHugeEntriesAreThereWithHugeEntries() {
    for (MmuVariant variant : ConformanceSuite.variants()) {
      boolean leaves =
          variant.geometry().levels().stream()
              .anyMatch(level -> level.level() != Level.PTE && level.leafAllowed());
      boolean fields =
          variant.format().fields().stream()
              .anyMatch(field -> field.kinds().contains(EntryKind.HUGE));
      assertEquals(leaves, fields, variant.id());
    }
  }

  /** A step of the program, on pages {@code first} to {@code first + nr - 1}. */
  private sealed interface Step {
    record MapRun(int first, int nr, int frame, Protection protection) implements Step {}

    record Unmap(int first, int nr) implements Step {}

    record Protect(int first, int nr, Protection protection) implements Step {}
  }

  /** What the program says of a page. */
  private record Page(int frame, Protection protection) {
    /** Frame, and read, write and execute of user code; or that there is nothing for it. */
    String says(boolean tellsExecution) {
      if (protection.isNone()) {
        return "not-present";
      }
      boolean write = protection.write() && protection.shared();
      boolean exec = protection.exec() || !tellsExecution;
      return "frame %d r%s%s".formatted(frame, write ? "w" : "-", exec ? "x" : "-");
    }
  }

  /** Steps and, after all of them, the pages: a map and no table. */
  private record Program(List<Step> steps, Map<Integer, Page> pages) {
    static Program of(Random random) {
      List<Step> steps = new ArrayList<>();
      Map<Integer, Page> pages = new TreeMap<>();
      while (steps.size() < STEPS) {
        int first = random.nextInt(PAGES);
        int nr = 1 + random.nextInt(Math.min(24, PAGES - first));
        Protection protection = PROTECTIONS.get(random.nextInt(PROTECTIONS.size()));
        switch (random.nextInt(4)) {
          case 0 -> {
            steps.add(new Step.Unmap(first, nr));
            for (int page = first; page < first + nr; page++) {
              pages.remove(page);
            }
          }
          case 1 -> {
            steps.add(new Step.Protect(first, nr, protection));
            for (int page = first; page < first + nr; page++) {
              pages.computeIfPresent(page, (at, old) -> new Page(old.frame(), protection));
            }
          }
          default -> {
            int frame = random.nextInt(1 << 15);
            boolean free = true;
            for (int page = first; page < first + nr; page++) {
              free &= !pages.containsKey(page);
            }
            if (free) {
              steps.add(new Step.MapRun(first, nr, frame, protection));
              for (int page = first; page < first + nr; page++) {
                pages.put(page, new Page(frame + page - first, protection));
              }
            }
          }
        }
      }
      return new Program(steps, pages);
    }

    Map<Integer, String> says(boolean tellsExecution) {
      Map<Integer, String> all = new LinkedHashMap<>();
      for (int page = 0; page < PAGES; page++) {
        Page there = pages.get(page);
        all.put(page, there == null ? "not-present" : there.says(tellsExecution));
      }
      return all;
    }
  }

  /** Runs the program from an address whose tables it crosses, and asks a walk for every page. */
  private static Map<Integer, String> run(MmuVariant variant, Program program) {
    long page = variant.geometry().pageBytes();
    long base = (1L << 24) - 150 * page;
    Machine machine = new Machine(variant);
    Map<Integer, String> found = new LinkedHashMap<>();
    try (PageTable table = PageTable.create(machine.space(), TableOwner.USER)) {
      for (Step step : program.steps()) {
        try (MmuGather gather = table.gather(request -> {})) {
          switch (step) {
            case Step.MapRun(int first, int nr, int frame, Protection protection) ->
                table.map(base + first * page, frame * page, nr * page, protection, gather);
            case Step.Unmap(int first, int nr) ->
                table.unmap(base + first * page, nr * page, gather);
            case Step.Protect(int first, int nr, Protection protection) ->
                table.protect(base + first * page, nr * page, protection, gather);
          }
          gather.flush();
        }
      }
      for (int at = 0; at < PAGES; at++) {
        found.put(at, outcome(variant, table.walker().walk(base + at * page).outcome()));
      }
      try (MmuGather gather = table.gather(request -> {})) {
        table.unmap(base, PAGES * page, gather);
        gather.flush();
      }
    }
    return found;
  }

  private static String outcome(MmuVariant variant, Outcome outcome) {
    return switch (outcome) {
      case Outcome.Fault fault -> fault.reason().word();
      case Outcome.Mapped mapped -> {
        int rights = mapped.rights();
        assertTrue((rights & Rights.USER_READ) != 0, "a user page is readable");
        yield "frame %d r%s%s"
            .formatted(
                mapped.physAddr() >>> variant.geometry().pageShift(),
                (writtenRights(variant, mapped) & Rights.USER_WRITE) != 0 ? "w" : "-",
                (rights & Rights.USER_EXEC) != 0 ? "x" : "-");
      }
    };
  }

  /** Rights after a fault of a first write, which software answers by making the leaf dirty. */
  private static int writtenRights(MmuVariant variant, Outcome.Mapped mapped) {
    PteFormat format = variant.format();
    boolean faults = !variant.has(MmuFeature.HW_DIRTY) && !variant.has(MmuFeature.HASHED);
    return faults && format.write(mapped.raw(), mapped.level())
        ? format.rights(format.mkDirty(mapped.raw(), mapped.level()), mapped.level())
        : mapped.rights();
  }

  @Test
  void oneProgramMeansTheSameEverywhere() {
    Random random = new Random(SEED);
    for (int i = 0; i < 4; i++) {
      Program program = Program.of(random);
      for (MmuVariant variant : ConformanceSuite.variants()) {
        assertEquals(
            program.says(variant.has(MmuFeature.NO_EXECUTE)),
            run(variant, program),
            () -> variant.id() + " differs from the program, seed " + SEED);
      }
    }
  }

  /** The program must have something of everything, or the comparison says little. */
  @Test
  void theProgramIsNotTrivial() {
    Map<Integer, String> says = Program.of(new Random(SEED)).says(true);
    for (String what : List.of("not-present", "r--", "rw-", "r-x", "rwx")) {
      assertTrue(says.values().stream().anyMatch(text -> text.endsWith(what)), what);
    }
  }
}
