package org.mmport.conformance;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.mmport.pgtable.FaultReason;
import org.mmport.pgtable.Outcome;
import org.mmport.pgtable.TableVisitor;
import org.mmport.pgtable.TableWalker;
import org.mmport.pgtable.Walk;
import org.mmport.pgtable.WalkProblem;
import org.mmport.pgtable.WalkSummary;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/** WALK 20 to 39: addresses that do not translate, and tables that are wrong. */
@RestsOn({"FMT-20", "FMT-21", "FMT-40", "FMT-53", "FMT-60", "FMT-61", "FMT-71"})
final class WalkFaultClauses {
  private static final TableVisitor NOBODY = (va, raw, level, rights) -> {};

  private WalkFaultClauses() {}

  @Clause(
      id = "WALK-20",
      text = "An entry that is not valid ends the walk at its level, whatever lies below",
      source = "bug class 4: a cleared present bit above is ignored",
      check = "that every level's entry is asked whether it is valid")
  static void invalidUpperEntryFaults(ClauseContext c) {
    for (Level level : c.realLevels()) {
      HandTree tree = HandTree.of(c);
      long va = Samples.pages(c, 1).getLast();
      tree.put(va, Level.PTE, Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE));
      long entryAddr = tree.entryAddrOf(va, level);
      long raw = tree.bytes().load(entryAddr);
      for (long invalid : new long[] {c.format().empty(level), raw & ~c.format().bits().valid()}) {
        if (!c.format().valid(invalid, level)) {
          tree.bytes().store(entryAddr, invalid);
          faults(c, tree.walker(), va, FaultReason.NOT_PRESENT, level);
        }
      }
    }
  }

  @Clause(
      id = "WALK-21",
      text =
          "A swap entry or PROT_NONE leaf is no mapping, though it holds bits that look like one",
      source = "bug class 3 (libvmi #1091): validity unchecked at the last level; L1TF",
      check = "valid at the last level, and for leaves above it")
  static void nonPresentLeavesFault(ClauseContext c) {
    for (Level level : c.leafLevels()) {
      long va = Samples.pages(c, 1).getLast() & -Samples.spanBytes(c.geometry(), level);
      if (c.geometry().vaLayout().regionOf(va).isEmpty()) {
        continue;
      }
      long physAddr = Samples.physAddr(c, level);
      for (long raw :
          new long[] {
            Leaves.make(c, physAddr, Protection.PAGE_NONE, level), c.swapOrEmpty(level)
          }) {
        HandTree tree = HandTree.of(c);
        tree.put(va, level, raw);
        faults(c, tree.walker(), va, FaultReason.NOT_PRESENT, level);
      }
    }
  }

  @Clause(
      id = "WALK-22",
      text = "An address that no root translates is refused before any table is read",
      source = "bug class 10: non-canonical addresses alias canonical ones",
      check = "the VA layout, and that walkers ask it")
  static void nonCanonicalFaults(ClauseContext c) {
    HandTree tree = HandTree.of(c);
    WalkClauses.scatter(c, tree);
    List<Long> outside = Samples.nonCanonical(c);
    if (outside.isEmpty()) {
      throw c.notApplicable(c.variant().id() + " translates every address");
    }
    TableWalker walker = tree.walker();
    for (long va : outside) {
      faults(c, walker, va, FaultReason.NON_CANONICAL, c.realLevels().getFirst());
      c.checkVa(walker.walk(va).steps().isEmpty(), va, "no steps", walker.walk(va).steps());
    }
  }

  @Clause(
      id = "WALK-23",
      text =
          "A walk that finds nothing says at which level, also where most of the tables are there",
      source = "bug class 17: the query of an absent mapping returns garbage",
      check = "Outcome.Fault: reason and level")
  static void absentMappingsAreExact(ClauseContext c) {
    List<Level> real = c.realLevels();
    for (Level level : real) {
      HandTree tree = HandTree.of(c);
      long va = Samples.pages(c, 1).getLast();
      tree.entryAddrOf(va, level);
      faults(c, tree.walker(), va, FaultReason.NOT_PRESENT, level);
    }
  }

  @RestsOn("FMT-64")
  @Clause(
      id = "WALK-24",
      text = "Bits that hardware demands zero are a fault of their own, or change nothing",
      source = "Intel SDM volume 3A, 4.7 (RSVD); bug class 2",
      check = "reserved, and that walkers ask it before they use a leaf")
  static void reservedBitsFault(ClauseContext c) {
    for (Level level : c.hugeLevels()) {
      long low = c.format().bits().hugeFrame() & ~c.format().frameMask(level);
      long physAddr = Samples.physAddr(c, level);
      long raw = Leaves.make(c, physAddr, Protection.PAGE_SHARED, level) | Long.lowestOneBit(low);
      long va = c.geometry().vaLayout().regions().getFirst().firstVa();
      HandTree tree = HandTree.of(c);
      tree.put(va, level, raw);
      if (c.format().reserved(raw, level) == 0) {
        c.checkVa(
            tree.walker().translate(va) == physAddr,
            level,
            va,
            raw,
            ClauseContext.hex(physAddr),
            tree.walker().translate(va));
      } else {
        faults(c, tree.walker(), va, FaultReason.RESERVED_BIT, level);
        WalkSummary summary = tree.walker().visit(NOBODY);
        long counted = summary.problems().getOrDefault(WalkProblem.RESERVED_BIT, 0L);
        c.check(counted == 1, level, raw, "1 problem counted", counted);
      }
    }
  }

  @Clause(
      id = "WALK-25",
      text =
          "A table that lies outside memory is a fault of its own, and a visit goes on behind it",
      source = "bad input: entries that point outside the dump",
      check = "bounds before a table is read; WalkSummary.problems")
  static void tablesOutsideMemory(ClauseContext c) {
    long outside = Samples.lastPhysAddr(c.geometry(), 1L << 20);
    Level level = c.tableLevels().getLast();
    HandTree tree = HandTree.of(c);
    if (tree.machine().memory().contains(outside, 1)) {
      throw c.notApplicable(c.variant().id() + " cannot name an address outside memory");
    }
    long page = c.geometry().pageBytes();
    long va = c.geometry().vaLayout().regions().getFirst().firstVa();
    long behind = va + Samples.spanBytes(c.geometry(), level);
    tree.put(va, level, c.format().mkTable(outside, level, TableOwner.USER));
    tree.put(behind, Level.PTE, Leaves.make(c, page, Protection.PAGE_SHARED, Level.PTE));
    faults(c, tree.walker(), va, FaultReason.OUTSIDE_MEMORY, Level.PTE);
    List<Long> leaves = new ArrayList<>();
    WalkSummary summary = tree.walker().visit((at, raw, l, rights) -> leaves.add(at));
    long counted = summary.problems().getOrDefault(WalkProblem.TABLE_OUTSIDE_MEMORY, 0L);
    c.check(counted == 1, level, "1 problem counted", counted);
    c.check(leaves.equals(List.of(behind)), "the leaf behind it", leaves);
  }

  @Clause(
      id = "WALK-26",
      text =
          "Tables that point back at themselves end a walk and a visit, and the cycle is counted",
      source = "bad input: tables that contain cycles",
      check =
          "TableVisit: tables on the way down; that a walk takes one step for each level at most")
  static void cyclesEnd(ClauseContext c) {
    for (Level level : c.tableLevels()) {
      HandTree tree = HandTree.of(c);
      long va = c.geometry().vaLayout().regions().getFirst().firstVa();
      long root = tree.roots().getFirst();
      tree.put(va, level, c.format().mkTable(root, level, TableOwner.USER));
      Walk walk = tree.walker().walk(va);
      c.checkVa(
          walk.steps().size() <= c.realLevels().size(),
          va,
          "one step for each level",
          walk.steps().size());
      WalkSummary summary = tree.walker().visit(NOBODY);
      long counted = summary.problems().getOrDefault(WalkProblem.CYCLE, 0L);
      c.check(counted >= 1, level, "a cycle counted", summary.problems());
    }
  }

  @Clause(
      id = "WALK-27",
      text = "A root that is not aligned as the level's tables are is refused",
      source = "bad input: a root that cannot be one; manuals' root registers",
      check = "the root level's placement; TableWalker.over")
  static void unalignedRootIsRefused(ClauseContext c) {
    Machine machine = c.machine();
    int align = c.geometry().at(c.realLevels().getFirst()).placement().alignBytes();
    int roots = c.geometry().vaLayout().roots();
    List<Long> unaligned = new ArrayList<>(Collections.nCopies(roots, (long) align));
    unaligned.set(roots - 1, align / 2L);
    c.refused(
        "a root at " + align / 2, () -> TableWalker.over(machine.memory(), c.variant(), unaligned));
    List<Long> many = Collections.nCopies(roots + 1, (long) align);
    c.refused(many.size() + " roots", () -> TableWalker.over(machine.memory(), c.variant(), many));
  }

  @RestsOn({"FMT-64", "FMT-65"})
  @Clause(
      id = "WALK-28",
      text =
          "Whatever one bit of an entry on the way is, a translation comes to what a walk comes to; where the bit is reserved, to a fault",
      source = "bug class 2: reserved bits in tables and pages, not in large leaves alone",
      check = "that translate asks of an entry what walk asks, by whatever shorter way")
  static void everyBitCounts(ClauseContext c) {
    for (Protection protection : List.of(Protection.PAGE_READONLY, Protection.PAGE_SHARED)) {
      HandTree tree = HandTree.of(c);
      long va = Samples.pages(c, 1).getLast();
      tree.put(va, Level.PTE, Leaves.make(c, 0, protection, Level.PTE));
      for (Level level : c.realLevels()) {
        long entryAddr = tree.entryAddrOf(va, level);
        long raw = tree.bytes().load(entryAddr);
        for (int bit = 0; bit < Byte.SIZE * c.geometry().entryBytes(); bit++) {
          tree.bytes().store(entryAddr, raw ^ 1L << bit);
          sameEachWay(c, tree.walker(), va, level, raw ^ 1L << bit);
        }
        tree.bytes().store(entryAddr, raw);
      }
    }
  }

  private static void sameEachWay(
      ClauseContext c, TableWalker walker, long va, Level level, long raw) {
    boolean leaf = c.format().leaf(raw, level);
    if (c.format().valid(raw, level)
        && (!leaf || c.geometry().at(level).leafAllowed())
        && c.format().reserved(raw, level) != 0) {
      faults(c, walker, va, FaultReason.RESERVED_BIT, level);
    }
    long walked =
        walker.walk(va).outcome() instanceof Outcome.Mapped mapped
            ? mapped.physAddr()
            : TableWalker.NOT_MAPPED;
    long found = walker.translate(va);
    c.checkVa(found == walked, level, va, raw, ClauseContext.hex(walked), found);
  }

  private static void faults(
      ClauseContext c, TableWalker walker, long va, FaultReason reason, Level level) {
    Outcome outcome = walker.walk(va).outcome();
    boolean same =
        outcome instanceof Outcome.Fault fault
            && fault.reason() == reason
            && fault.level() == level
            && !fault.detail().isBlank();
    c.checkVa(same, va, "fault " + reason.word() + " at " + level, outcome);
    long found = walker.translate(va);
    c.checkVa(found == TableWalker.NOT_MAPPED, va, "no translation", found);
  }
}
