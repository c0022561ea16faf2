package org.mmport.conformance;

import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.EntryRole;
import org.mmport.spi.Level;
import org.mmport.spi.MemoryType;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;

/** FMT 30 to 34: what stays and what changes when the protection of a leaf does. */
final class FmtModifyClauses {
  private FmtModifyClauses() {}

  @Clause(
      id = "FMT-30",
      text = "modify keeps what a leaf maps",
      source = "kernel: pte_modify, pmd_modify; bug class 7",
      check = "modify: the mask of what it keeps; entries that hold the address inverted")
  static void modifyKeepsAddress(ClauseContext c) {
    modified(
        c,
        (raw, l, to, result) ->
            c.same(
                c.format().physAddr(raw, l),
                c.format().physAddr(result, l),
                l,
                result,
                "address after " + to));
  }

  @Clause(
      id = "FMT-31",
      text = "modify keeps young and dirty",
      source = "kernel: _PAGE_CHG_MASK; bug class 6",
      check = "modify: accessed and dirty, also where write permission comes or goes")
  static void modifyKeepsYoungAndDirty(ClauseContext c) {
    PteFormat f = c.format();
    modified(
        c,
        (raw, l, to, result) -> {
          c.check(
              f.young(result, l) == f.young(raw, l),
              l,
              result,
              "young=" + f.young(raw, l) + " after " + to,
              f.young(result, l));
          c.check(
              f.dirty(result, l) == f.dirty(raw, l),
              l,
              result,
              "dirty=" + f.dirty(raw, l) + " after " + to,
              f.dirty(result, l));
        });
  }

  @Clause(
      id = "FMT-32",
      text = "modify keeps soft-dirty, userfaultfd and special marks",
      source = "kernel: _PAGE_CHG_MASK; bug class 6",
      check = "modify: software bits in the mask of what it keeps")
  static void modifyKeepsSoftwareBits(ClauseContext c) {
    PteFormat f = c.format();
    long marks = f.bits().softDirty() | f.bits().uffdWp() | f.bits().special();
    if (marks == 0) {
      throw c.notApplicable(c.variant().id() + " has no software bits");
    }
    modified(
        c,
        (raw, l, to, result) -> {
          long marked = f.modify(raw | marks, f.pgprot(to), l);
          c.same(marks, marked & marks, l, marked, "software bits after " + to);
        });
  }

  @Clause(
      id = "FMT-33",
      text = "modify keeps the memory type",
      source = "kernel: _PAGE_CHG_MASK holds the cache bits",
      check = "modify: the fields of role MEMORY_TYPE, in both places where a port has two")
  static void modifyKeepsMemoryType(ClauseContext c) {
    PteFormat f = c.format();
    for (Level level : c.leafLevels()) {
      for (MemoryType type : MemoryType.values()) {
        Protection typed = Protection.PAGE_SHARED.withMemoryType(type);
        if (FmtLeafClauses.accepted(f, typed)) {
          long raw = Leaves.make(c, Samples.physAddr(c, level), typed, level);
          long mask = typeMask(f, level);
          for (Protection to : Samples.ACCESSIBLE) {
            long result = f.modify(raw, f.pgprot(to), level);
            c.same(raw & mask, result & mask, level, result, type + " after modify");
          }
        }
      }
    }
  }

  @RestsOn({"FMT-09", "FMT-25"})
  @Clause(
      id = "FMT-34",
      text = "After modify a leaf has the rights of a fresh one with that protection",
      source = "kernel: change_protection",
      check = "modify: bits of the old protection that stay")
  static void modifyGivesRights(ClauseContext c) {
    PteFormat f = c.format();
    for (Level level : c.leafLevels()) {
      long physAddr = Samples.physAddr(c, level);
      for (Protection from : Samples.USER) {
        for (Protection to : Samples.USER.stream().filter(p -> !p.isNone()).toList()) {
          long old = Leaves.make(c, physAddr, from, level);
          long fresh = Leaves.make(c, physAddr, to, level);
          long clean = f.modify(f.mkClean(old, level), f.pgprot(to), level);
          long dirty = f.modify(f.mkDirty(old, level), f.pgprot(to), level);
          sameRights(c, level, f.mkClean(fresh, level), clean, from, to);
          sameRights(c, level, f.mkDirty(fresh, level), dirty, from, to);
        }
      }
    }
  }

  /** What is done with each result of modify. */
  @FunctionalInterface
  private interface Modified {
    void leaf(long raw, Level level, Protection to, long result);
  }

  private static void modified(ClauseContext c, Modified visitor) {
    Leaves.all(
        c,
        Samples.USER,
        (raw, level) -> {
          for (Protection to : Samples.USER) {
            visitor.leaf(raw, level, to, c.format().modify(raw, c.format().pgprot(to), level));
          }
        });
  }

  private static void sameRights(
      ClauseContext c, Level level, long fresh, long modified, Protection from, Protection to) {
    int expected = c.format().rights(fresh, level);
    int found = c.format().rights(modified, level);
    c.check(
        expected == found && c.format().valid(modified, level),
        level,
        modified,
        "rights %s after %s became %s".formatted(GoldenRows.letters(expected), from, to),
        GoldenRows.letters(found));
  }

  private static long typeMask(PteFormat format, Level level) {
    EntryKind kind = level == Level.PTE ? EntryKind.PAGE : EntryKind.HUGE;
    return format.fields().stream()
        .filter(field -> field.role() == EntryRole.MEMORY_TYPE && field.kinds().contains(kind))
        .mapToLong(EntryField::mask)
        .reduce(0, (a, b) -> a | b);
  }
}
