package org.mmport.conformance;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.mmport.pgtable.Outcome;
import org.mmport.pgtable.TableVisitor;
import org.mmport.pgtable.TableWalker;
import org.mmport.pgtable.Walk;
import org.mmport.pgtable.WalkStep;
import org.mmport.pgtable.WalkSummary;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/** WALK 01 to 19: reading tables, judged on tables that the suite wrote byte by byte. */
@RestsOn({"FMT-20", "FMT-21", "FMT-40", "FMT-53", "FMT-60", "FMT-61", "FMT-71"})
final class WalkClauses {
  private WalkClauses() {}

  @Clause(
      id = "WALK-01",
      text = "Walking, translating and visiting change no byte of memory and allocate nothing",
      source = "R2.23: a pure walker",
      check = "a walker that allocates, clears bad entries, or sets accessed bits")
  static void walkingIsPure(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    scatter(c, tree);
    long free = tree.machine().frames().freeFrames();
    MemorySegment tables = tree.machine().memory().slice(0, tree.end());
    byte[] before = tables.toArray(ValueLayout.JAVA_BYTE);
    TableWalker walker = tree.walker();
    for (long va : Samples.pages(c, 32)) {
      walker.translate(va);
      walker.walk(va);
    }
    walker.visit((va, raw, level, rights) -> {});
    long differs = MemorySegment.ofArray(before).mismatch(tables);
    c.check(differs == -1, "memory unchanged", "a change at " + ClauseContext.hex(differs));
    c.check(
        tree.machine().frames().freeFrames() == free,
        free + " free frames",
        tree.machine().frames().freeFrames());
  }

  @Clause(
      id = "WALK-02",
      text =
          "Every mapped address translates to its memory, to the last byte, and its neighbours to nothing",
      source = "bug classes 11 and 17",
      check = "index and offset arithmetic, byte order, entry width")
  static void translatesMappedAddresses(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    Map<Long, Long> model = scatter(c, tree);
    TableWalker walker = tree.walker();
    long page = c.geometry().pageBytes();
    model.forEach(
        (va, physAddr) -> {
          for (long offset : new long[] {0, 1, page - 1, c.random().nextLong() & (page - 1)}) {
            long found = walker.translate(va + offset);
            c.checkVa(
                found == physAddr + offset,
                va + offset,
                ClauseContext.hex(physAddr + offset),
                found);
          }
          for (long next : new long[] {va - page, va + page}) {
            if (!model.containsKey(next)) {
              c.checkVa(
                  walker.translate(next) == TableWalker.NOT_MAPPED,
                  next,
                  "nothing mapped",
                  walker.translate(next));
            }
          }
        });
  }

  @Clause(
      id = "WALK-03",
      text =
          "walk names table, index, entry and raw value of every step, and ends where translate does",
      source = "the command translate: the walk level by level",
      check = "WalkStep: addresses of tables and entries")
  static void stepsAreExact(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    Map<Long, Long> model = scatter(c, tree);
    ReferenceReader reader = new ReferenceReader(c, tree.bytes(), tree.roots());
    TableWalker walker = tree.walker();
    List<Long> all = new ArrayList<>(model.keySet());
    all.addAll(Samples.pages(c, 16));
    for (long va : all) {
      Walk walk = walker.walk(va);
      List<ReferenceReader.Entry> path = reader.path(va);
      c.checkVa(
          walk.steps().size() == path.size(), va, path.size() + " steps", walk.steps().size());
      for (int i = 0; i < path.size(); i++) {
        WalkStep step = walk.steps().get(i);
        ReferenceReader.Entry entry = path.get(i);
        boolean same =
            step.level() == entry.level()
                && step.entryAddr() == entry.entryAddr()
                && step.raw() == entry.raw()
                && step.index() == Samples.index(c.geometry(), entry.level(), va)
                && step.tableAddr() + (long) step.index() * c.geometry().entryBytes()
                    == entry.entryAddr();
        c.checkVa(same, va, entry.toString(), step);
      }
      long found =
          walk.outcome() instanceof Outcome.Mapped mapped
              ? mapped.physAddr()
              : TableWalker.NOT_MAPPED;
      c.checkVa(found == walker.translate(va), va, "walk and translate to agree", found);
    }
  }

  @Clause(
      id = "WALK-04",
      text = "A right that any table on the way takes away is gone, whatever the leaf says",
      source = "Intel SDM volume 3A, 4.6; bug class 4: rights ORed, or the leaf's alone",
      check = "rights of table entries, and that walkers AND them over all levels",
      requires = MmuFeature.HIERARCHICAL_RIGHTS)
  static void rightsAreAndedOverLevels(ClauseContext c) {
    int tried = 0;
    for (Level level : c.tableLevels()) {
      for (EntryField field : c.format().fields()) {
        int lost = lostRights(field, c.tableKind(level));
        if (lost != 0) {
          tried++;
          HandTree tree = HandTree.of(c);
          long va = Samples.pages(c, 1).getLast();
          long leaf =
              c.format()
                  .mkDirty(Leaves.make(c, 0, Protection.PAGE_SHARED_EXEC, Level.PTE), Level.PTE);
          tree.put(va, Level.PTE, c.format().mkYoung(leaf, Level.PTE));
          long entryAddr = tree.entryAddrOf(va, level);
          long raw = tree.bytes().load(entryAddr) ^ field.mask();
          tree.bytes().store(entryAddr, raw);
          int rights =
              tree.walker().walk(va).outcome() instanceof Outcome.Mapped mapped
                  ? mapped.rights()
                  : -1;
          c.checkVa(
              (rights & lost) == 0,
              level,
              va,
              raw,
              "no rights " + GoldenRows.letters(lost) + " without " + field.name(),
              GoldenRows.letters(rights));
          tree.walker()
              .visit(
                  (at, r, l, visited) ->
                      c.checkVa(
                          (visited & lost) == 0,
                          level,
                          va,
                          raw,
                          "the same of a visit",
                          GoldenRows.letters(visited)));
        }
      }
    }
    c.check(tried > 0, "table entries with rights", "no field of them takes any");
  }

  @RestsOn("FMT-63")
  @Clause(
      id = "WALK-05",
      text = "With tables that take nothing away, the effective rights are the leaf's",
      source = "bug class 4",
      check = "mkTable and rights of table entries")
  static void effectiveRightsAreTheLeafs(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    long page = c.geometry().pageBytes();
    long va = c.geometry().vaLayout().regions().getFirst().firstVa();
    // The tree is a user's, which may keep the kernel from executing what is below.
    for (Protection protection : Samples.ACCESSIBLE) {
      if (protection.owner() == TableOwner.KERNEL) {
        continue;
      }
      long raw = c.format().mkYoung(Leaves.make(c, page, protection, Level.PTE), Level.PTE);
      tree.put(va, Level.PTE, raw);
      int expected = c.format().effectiveRights(c.format().rights(raw, Level.PTE));
      int found =
          tree.walker().walk(va).outcome() instanceof Outcome.Mapped mapped ? mapped.rights() : -1;
      c.checkVa(
          found == expected,
          Level.PTE,
          va,
          raw,
          GoldenRows.letters(expected),
          GoldenRows.letters(found));
    }
  }

  @Clause(
      id = "WALK-06",
      text = "Tables that are reached in two ways are read right both times",
      source = "bug class 14: shared tables taken for corruption; R0.1 sharing",
      check = "heuristics that refuse equal entries; a visit that reports a table once only")
  static void sharedTablesAreRead(ClauseContext c) {
    Level above = c.tableLevels().getLast();
    HandTree tree = HandTree.of(c);
    long first = c.geometry().vaLayout().regions().getFirst().firstVa();
    long second = first + Samples.spanBytes(c.geometry(), above);
    long physAddr = Samples.physAddr(c, Level.PTE);
    tree.put(first, Level.PTE, Leaves.make(c, physAddr, Protection.PAGE_SHARED, Level.PTE));
    long shared = tree.bytes().load(tree.entryAddrOf(first, above));
    tree.put(second, above, shared);
    List<Long> visited = new ArrayList<>();
    tree.walker().visit((va, raw, level, rights) -> visited.add(va));
    for (long va : new long[] {first, second}) {
      c.checkVa(
          tree.walker().translate(va) == physAddr,
          va,
          ClauseContext.hex(physAddr),
          tree.walker().translate(va));
      c.checkVa(visited.contains(va), va, "a visit of both", visited);
    }
  }

  @Clause(
      id = "WALK-07",
      text = "A leaf of each level maps as much as an entry of it spans, every byte of it",
      source = "bug class 11: off by one level; kernel: pmd_leaf, pud_leaf",
      check = "leaf of the level, and the offset within it")
  static void leavesOfEveryLevel(ClauseContext c) {
    for (Level level : c.leafLevels()) {
      long spanBytes = Samples.spanBytes(c.geometry(), level);
      for (long page : Samples.pages(c, 4)) {
        HandTree tree = HandTree.of(c);
        long va = page & -spanBytes;
        if (c.geometry().vaLayout().regionOf(va).isEmpty()) {
          continue;
        }
        long physAddr = Samples.physAddr(c, level);
        long raw = Leaves.make(c, physAddr, Protection.PAGE_SHARED, level);
        tree.put(va, level, raw);
        for (long offset : new long[] {0, spanBytes - 1, c.random().nextLong() & (spanBytes - 1)}) {
          Outcome outcome = tree.walker().walk(va + offset).outcome();
          boolean same =
              outcome instanceof Outcome.Mapped mapped
                  && mapped.physAddr() == physAddr + offset
                  && mapped.sizeBytes() == spanBytes
                  && mapped.level() == level
                  && mapped.raw() == raw;
          c.checkVa(
              same,
              level,
              va + offset,
              raw,
              ClauseContext.hex(physAddr + offset) + " by a leaf of " + spanBytes + " bytes",
              outcome);
          c.checkVa(
              tree.walker().translate(va + offset) == physAddr + offset,
              va + offset,
              ClauseContext.hex(physAddr + offset),
              tree.walker().translate(va + offset));
        }
      }
    }
  }

  @Clause(
      id = "WALK-08",
      text = "Physical address 0 is memory like any other: for a root, a table and a page",
      source = "bug class 19: 0 as a sentinel for no table",
      check = "who compares an address with 0")
  static void physicalAddressZero(ClauseContext c) {
    long va = Samples.pages(c, 1).getLast();
    HandTree atZero = new HandTree(c, c.machine(), 0);
    c.check(atZero.roots().contains(0L), "a root at 0", atZero.roots());
    atZero.put(va, Level.PTE, Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE));
    c.checkVa(
        atZero.walker().translate(va) == 0,
        va,
        "physical address 0",
        atZero.walker().translate(va));
    if (c.realLevels().size() > 1) {
      Level top = c.realLevels().getFirst();
      Level below = c.realLevels().get(1);
      HandTree tree = HandTree.of(c);
      tree.entryAddrOf(va, below);
      long tableAddr = c.format().tableAddr(tree.bytes().load(tree.entryAddrOf(va, top)), top);
      long bytes = c.geometry().tableBytes(below);
      MemorySegment moved = tree.machine().memory().slice(0, bytes);
      // The hand tree starts behind the first page, so a table that fits it can move there.
      if (bytes <= c.geometry().pageBytes()) {
        tree.put(va, Level.PTE, Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE));
        moved.copyFrom(tree.machine().memory().slice(tableAddr, bytes));
        tree.put(va, top, c.format().mkTable(0, top, TableOwner.USER));
        c.checkVa(
            tree.walker().translate(va) == 0,
            va,
            "a walk through a table at 0",
            tree.walker().translate(va));
      }
    }
  }

  @Clause(
      id = "WALK-09",
      text =
          "A visit reports every leaf once, in ascending order, with its level and effective rights",
      source = "the command maps; QEMU's info tlb",
      check = "TableVisit: order of regions, first address of each entry")
  static void visitsReportEveryLeaf(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    scatter(c, tree);
    ReferenceReader reader = new ReferenceReader(c, tree.bytes(), tree.roots());
    List<String> expected =
        reader.contents().entries().stream()
            .filter(ReferenceReader.Entry::leaf)
            .map(e -> leaf(e.va(), e.raw(), e.level(), e.rights()))
            .toList();
    List<String> found = new ArrayList<>();
    WalkSummary summary =
        tree.walker().visit((va, raw, level, rights) -> found.add(leaf(va, raw, level, rights)));
    c.check(found.size() == expected.size(), expected.size() + " leaves", found.size());
    for (int i = 0; i < found.size(); i++) {
      c.check(found.get(i).equals(expected.get(i)), expected.get(i), found.get(i));
    }
    long counted = summary.leaves().values().stream().mapToLong(Long::longValue).sum();
    c.check(counted == expected.size(), expected.size() + " leaves counted", counted);
    c.check(summary.problems().isEmpty(), "no problems", summary.problems());
  }

  @Clause(
      id = "WALK-10",
      text = "A visit of a range reports the leaves that reach into it and no others",
      source = "the command maps; R0.20: ranges at the top of the address space",
      check = "TableVisit.range: first and last index at every level")
  static void visitsOfRanges(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    Map<Long, Long> model = scatter(c, tree);
    long page = c.geometry().pageBytes();
    for (long va : model.keySet()) {
      List<Long> found = new ArrayList<>();
      tree.walker().visit(va, va + page - 1, (at, raw, level, rights) -> found.add(at));
      c.checkVa(found.equals(List.of(va)), va, "that page alone", found);
    }
  }

  @Clause(
      id = "WALK-11",
      text = "What is neither none nor valid is reported as such, with its address",
      source = "kernel: smaps and pagemap report swap; volatility3 #1335 (PROT_NONE)",
      check = "TableVisitor.nonPresent: swap entries and PROT_NONE leaves")
  static void visitsReportNonPresent(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    long page = c.geometry().pageBytes();
    long va = c.geometry().vaLayout().regions().getFirst().firstVa();
    tree.put(va, Level.PTE, c.format().mkSwap(1, 1, Level.PTE));
    tree.put(va + page, Level.PTE, Leaves.make(c, page, Protection.PAGE_NONE, Level.PTE));
    Map<Long, Long> found = new HashMap<>();
    List<Long> leaves = new ArrayList<>();
    tree.walker()
        .visit(
            new TableVisitor() {
              @Override
              public void leaf(long at, long raw, Level level, int rights) {
                leaves.add(at);
              }

              @Override
              public void nonPresent(long at, long raw, Level level) {
                found.put(at, raw);
              }
            });
    c.check(found.keySet().equals(Set.of(va, va + page)), "both reported", found.keySet());
    c.check(leaves.isEmpty(), "no leaves", leaves);
  }

  private static String leaf(long va, long raw, Level level, int rights) {
    return "%s leaf va=%s raw=%s rights %s"
        .formatted(
            level, ClauseContext.hex(va), ClauseContext.hex(raw), GoldenRows.letters(rights));
  }

  /** Rights that a table entry loses when the field's bits are turned over. */
  private static int lostRights(EntryField field, EntryKind kind) {
    if (!field.kinds().contains(kind) || Long.bitCount(field.mask()) != 1) {
      return 0;
    }
    return switch (field.role()) {
      case WRITE -> Rights.WRITE;
      case USER -> Rights.USER;
      case NO_EXEC -> Rights.EXEC & Rights.USER;
      case NO_KERNEL_EXEC -> Rights.KERNEL_EXEC;
      case NO_WRITE -> Rights.WRITE;
      case NO_USER -> Rights.USER_READ | Rights.USER_WRITE;
      default -> 0;
    };
  }

  /** Maps pages at edges and at random, and says which. */
  static Map<Long, Long> scatter(ClauseContext c, HandTree tree) {
    Map<Long, Long> model = new HashMap<>();
    for (long va : Samples.pages(c, 12)) {
      long physAddr = Samples.physAddr(c, Level.PTE);
      Protection protection = Samples.ACCESSIBLE.get(c.random().nextInt(Samples.ACCESSIBLE.size()));
      tree.put(va, Level.PTE, Leaves.make(c, physAddr, protection, Level.PTE));
      model.put(va, physAddr);
    }
    return model;
  }
}
