package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableWalker;
import org.mmport.pgtable.Walk;
import org.mmport.pgtable.WalkStep;
import org.mmport.pgtable.WalkSummary;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/** FOLD: a level that a variant lacks takes no memory, has no entries, and is passed through. */
@RestsOn({"FMT-20", "FMT-21", "FMT-53", "FMT-60", "FMT-61"})
final class FoldClauses {
  private static final String SOURCE = "kernel: pgtable-nop4d.h, pgtable-nopud.h, pgtable-nopmd.h";

  private FoldClauses() {}

  @Clause(
      id = "FOLD-01",
      text =
          "A folded level has one entry, no table, no leaves, and the index of any address in it is 0",
      source = SOURCE,
      check = "the folded level's LevelGeometry: LevelGeometry.folded(level)")
  static void foldedLevelIsNothing(ClauseContext c) {
    for (Level level : folded(c)) {
      LevelGeometry at = c.geometry().at(level);
      c.check(at.entries() == 1, level, "1 entry", at.entries());
      c.check(
          c.geometry().tableBytes(level) == 0, level, "0 bytes", c.geometry().tableBytes(level));
      c.check(at.placement().sizeBytes() == 0, level, "a placement of 0 bytes", at.placement());
      c.check(!at.leafAllowed(), level, "no leaves", "leaves");
      for (long va : Samples.pages(c, 32)) {
        c.checkVa(
            c.geometry().index(level, va) == 0,
            va,
            "index 0 at " + level,
            c.geometry().index(level, va));
      }
    }
  }

  @Clause(
      id = "FOLD-02",
      text = "The first page mapped takes one table for each real level and none for a folded one",
      source = SOURCE + " (alloc returns NULL); mm_p4d_folded",
      check = "who allocates by level without asking whether it is folded")
  static void foldedLevelsAllocateNothing(ClauseContext c) {
    for (long va : Samples.pages(c, 2)) {
      Machine machine = c.machine();
      try (PageTable table = machine.pageTable(TableOwner.USER)) {
        Rig rig = new Rig(c, machine, table);
        long roots = machine.tables();
        long expectedRoots = c.geometry().vaLayout().roots();
        c.check(roots == expectedRoots, expectedRoots + " root tables", roots);
        rig.map(va, 0, c.geometry().pageBytes(), Protection.PAGE_SHARED);
        long taken = machine.tables() - roots;
        long expected = c.realLevels().size() - 1L;
        c.checkVa(taken == expected, va, expected + " tables below the root", taken);
      }
    }
  }

  @Clause(
      id = "FOLD-03",
      text = "A walk has one step for each real level, in order, right after the one above",
      source = SOURCE + " (p4d_offset returns the pgd pointer itself)",
      check = "a walker that stops at a folded level or reads its slot twice")
  static void walksStepOverFoldedLevels(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    TableWalker walker = tree.walker();
    for (long va : Samples.pages(c, 4)) {
      tree.put(va, Level.PTE, Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE));
      Walk walk = walker.walk(va);
      List<Level> levels = walk.steps().stream().map(WalkStep::level).toList();
      c.checkVa(levels.equals(c.realLevels()), va, "steps at " + c.realLevels(), levels);
    }
  }

  @Clause(
      id = "FOLD-04",
      text = "Folded levels are not counted, neither tables nor bytes",
      source = "kernel: mm_inc_nr_puds, mm_inc_nr_pmds (no-ops when folded)",
      check = "WalkSummary: what counts tables by level")
  static void foldedLevelsAreNotCounted(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    long va = Samples.pages(c, 1).getLast();
    tree.put(va, Level.PTE, Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE));
    WalkSummary summary = tree.walker().visit((at, raw, level, rights) -> {});
    long bytes = 0;
    for (Level level : Level.values()) {
      boolean real = c.realLevels().contains(level);
      long roots = level == c.realLevels().getFirst() ? c.geometry().vaLayout().roots() : 1;
      long expected = real ? roots : 0;
      long found = summary.tables().getOrDefault(level, 0L);
      c.check(found == expected, level, expected + " tables counted", found);
      bytes +=
          real
              ? roots * ((long) c.geometry().entryBytes() << c.geometry().at(level).indexBits())
              : 0;
    }
    c.check(summary.tableBytes() == bytes, bytes + " bytes of tables", summary.tableBytes());
  }

  @Clause(
      id = "FOLD-05",
      text = "Clearing one entry clears that entry alone: a folded level above has none of its own",
      source = SOURCE + " (pgd_clear is a no-op)",
      check = "who clears an entry of a folded level, and so the slot of the level above")
  static void clearingReachesOneLevel(ClauseContext c) {
    Machine machine = c.machine();
    long page = c.geometry().pageBytes();
    try (PageTable table = machine.pageTable(TableOwner.USER)) {
      Rig rig = new Rig(c, machine, table);
      long va = c.geometry().vaLayout().regions().getFirst().firstVa();
      rig.map(va, 0, 2 * page, Protection.PAGE_SHARED);
      long tables = machine.tables();
      rig.unmap(va, page);
      c.checkVa(rig.reader().translate(va) == -1, va, "nothing", rig.reader().translate(va));
      c.checkVa(
          rig.reader().translate(va + page) == page,
          va + page,
          "its neighbour as before",
          rig.reader().translate(va + page));
      c.check(machine.tables() == tables, tables + " tables as before", machine.tables());
    }
  }

  @Clause(
      id = "FOLD-06",
      text = "The tables of a mapped page are described with the real levels, each once",
      source = "R2.39: from an arbitrary table page one finds its place in the tree",
      check = "level and firstVa of table descriptors")
  static void descriptorsNameRealLevels(ClauseContext c) {
    Machine machine = c.machine();
    try (PageTable table = machine.pageTable(TableOwner.USER)) {
      Rig rig = new Rig(c, machine, table);
      for (long va : Samples.pages(c, 2)) {
        rig.map(va, 0, c.geometry().pageBytes(), Protection.PAGE_SHARED);
      }
      for (ReferenceReader.Table one : rig.reader().contents().tables()) {
        long id = machine.space().descriptors().id(one.tableAddr());
        Level level = machine.space().descriptors().level(id);
        c.check(level == one.level(), one.level(), "a descriptor of that level", level);
        boolean root = one.level() == c.realLevels().getFirst();
        long firstVa = machine.space().descriptors().firstVa(id);
        c.check(
            root || firstVa == one.va(),
            one.level(),
            "first address " + ClauseContext.hex(one.va()),
            firstVa);
      }
    }
  }

  @Clause(
      id = "FOLD-07",
      text = "The first real level is the root, and below each real level comes the next real one",
      source = SOURCE + "; kernel: 5 minus the folded levels is CONFIG_PGTABLE_LEVELS",
      check = "rootLevel and nextReal of the geometry")
  static void realLevelsFollowEachOther(ClauseContext c) {
    List<Level> found = new ArrayList<>(List.of(c.geometry().rootLevel()));
    while (found.getLast() != Level.PTE && found.size() <= Level.values().length) {
      found.add(c.geometry().nextReal(found.getLast()));
    }
    c.check(found.equals(c.realLevels()), c.realLevels().toString(), found);
  }

  private static List<Level> folded(ClauseContext c) {
    List<Level> folded = new ArrayList<>(List.of(Level.values()));
    folded.removeAll(c.realLevels());
    if (folded.isEmpty()) {
      throw c.notApplicable(c.variant().id() + " folds no level");
    }
    return folded;
  }
}
