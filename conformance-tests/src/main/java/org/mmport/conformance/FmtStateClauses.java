package org.mmport.conformance;

import java.util.List;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;

/** FMT 40 to 59: leaves kept from hardware, marks of software, none, and leaves of other sizes. */
final class FmtStateClauses {
  private FmtStateClauses() {}

  @Clause(
      id = "FMT-40",
      text = "A PROT_NONE leaf is present for Linux, and neither valid, none nor swap",
      source = "kernel: pte_protnone_tests, pmd_protnone_tests; bug class 7",
      check = "pgprot for no access, protnone, present and valid")
  static void protNoneIsPresent(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.fresh(
        c,
        Samples.USER.stream().filter(Protection::isNone).toList(),
        (raw, l, protection, physAddr) -> {
          c.check(f.protnone(raw, l), l, raw, "PROT_NONE", "not PROT_NONE");
          c.check(f.present(raw, l), l, raw, "present", "not present");
          c.check(!f.valid(raw, l), l, raw, "invalid for hardware", "valid");
          c.check(
              !f.none(raw, l) && !f.swap(raw, l), l, raw, "neither none nor swap", "none or swap");
          c.check(f.leaf(raw, l), l, raw, "a leaf", "a table");
        });
  }

  @Clause(
      id = "FMT-41",
      text = "No other protection makes a PROT_NONE leaf, global or not",
      source = "kernel: pte_protnone",
      check = "protnone: a bit that means something else in valid entries")
  static void othersAreNotProtNone(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        Samples.ACCESSIBLE,
        (raw, l) -> c.check(!f.protnone(raw, l), l, raw, "not PROT_NONE", "PROT_NONE"));
  }

  @RestsOn("FMT-20")
  @Clause(
      id = "FMT-42",
      text = "A PROT_NONE leaf holds its address, every frame bit of it",
      source = "kernel: pte_pfn with protnone_mask; bug class 7",
      check = "mkLeaf and physAddr where the address is held inverted")
  static void protNoneKeepsAddress(ClauseContext c) {
    for (Level level : c.leafLevels()) {
      for (long physAddr : Samples.physAddrs(c, level)) {
        long raw = Leaves.make(c, physAddr, Protection.PAGE_NONE, level);
        c.same(physAddr, c.format().physAddr(raw, level), level, raw, "address");
      }
    }
  }

  @Clause(
      id = "FMT-43",
      text = "Made PROT_NONE and back again, a leaf is what it was",
      source = "kernel: change_protection for NUMA balancing; bug class 7",
      check = "modify on the way to no access and back: address, young, dirty, marks")
  static void protNoneIsRestorable(ClauseContext c) {
    PteFormat f = c.format();
    long none = f.pgprot(Protection.PAGE_NONE);
    for (Level level : c.leafLevels()) {
      for (Protection protection : Samples.USER) {
        long pgprot = f.pgprot(protection);
        for (long physAddr : Samples.physAddrs(c, level)) {
          long raw = Leaves.make(c, physAddr, protection, level);
          for (long old :
              new long[] {raw, f.mkDirty(f.mkYoung(raw, level), level), f.mkOld(raw, level)}) {
            long away = f.modify(old, none, level);
            c.check(
                f.protnone(away, level), level, away, "PROT_NONE after modify", "not PROT_NONE");
            c.same(
                f.modify(old, pgprot, level),
                f.modify(away, pgprot, level),
                level,
                away,
                protection + " again as");
          }
        }
      }
    }
  }

  @Clause(
      id = "FMT-44",
      text =
          "Where a port inverts, no PROT_NONE or swap entry carries a physical address that memory has",
      source = "L1TF: Linux pgtable-invert.h, Zircon's invariant; bug class 15",
      check = "inverted: it must hold for every entry with the valid bit clear but none")
  static void invalidEntriesCarryNoAddress(ClauseContext c) {
    PteFormat f = c.format();
    if (f.inverted(~f.bits().valid()) == 0) {
      throw c.notApplicable(
          c.variant().id() + " holds addresses as they are in entries that are not valid");
    }
    for (Level level : c.leafLevels()) {
      long half = 1L << (c.geometry().paBits(level) - 1);
      long mask = f.frameMask(level);
      for (long physAddr : Samples.physAddrs(c, level)) {
        if (physAddr < half) {
          long raw = Leaves.make(c, physAddr, Protection.PAGE_NONE, level);
          c.check(
              (raw & mask) >= half, level, raw, "the upper half of physical addresses", raw & mask);
          long offset = physAddr >>> c.geometry().pageShift();
          if (offset > 0 && offset < f.swapOffsets() >>> 1 && c.swapLevels().contains(level)) {
            long swap = f.mkSwap(0, offset, level);
            c.check(
                (swap & f.bits().swapOffset()) != Long.expand(offset, f.bits().swapOffset()),
                level,
                swap,
                "swap offset inverted",
                "as it is");
          }
        }
      }
    }
  }

  @RestsOn("FMT-44")
  @Clause(
      id = "FMT-45",
      text =
          "mkInvalid keeps a leaf above PTE from hardware, and it stays present and a leaf at its address",
      source = "kernel: pmd_thp_tests, pud_thp_tests",
      check = "mkInvalid, and present and leaf for entries that are not valid")
  static void mkInvalidStaysPresent(ClauseContext c) {
    PteFormat f = c.format();
    c.hugeLevels();
    Leaves.all(
        c,
        Samples.ACCESSIBLE,
        (raw, l) -> {
          if (l != Level.PTE) {
            long invalid = f.mkInvalid(raw, l);
            c.check(!f.valid(invalid, l), l, invalid, "invalid for hardware", "valid");
            c.check(
                f.present(invalid, l) && f.leaf(invalid, l),
                l,
                invalid,
                "still a present leaf",
                "none, swap or table");
            c.check(
                !f.none(invalid, l) && !f.swap(invalid, l),
                l,
                invalid,
                "neither none nor swap",
                "none or swap");
            c.same(f.physAddr(raw, l), f.physAddr(invalid, l), l, invalid, "address");
          }
        });
  }

  @Clause(
      id = "FMT-46",
      text = "mkInvalid keeps young, dirty and write for whoever restores the leaf",
      source = "kernel: pmdp_invalidate and __split_huge_pmd_locked read them from it",
      check = "mkInvalid: what it clears besides the valid bit")
  static void mkInvalidKeepsState(ClauseContext c) {
    PteFormat f = c.format();
    c.hugeLevels();
    Leaves.all(
        c,
        Samples.ACCESSIBLE,
        (raw, l) -> {
          if (l != Level.PTE) {
            long invalid = f.mkInvalid(raw, l);
            c.check(
                f.young(invalid, l) == f.young(raw, l),
                l,
                invalid,
                "young=" + f.young(raw, l),
                f.young(invalid, l));
            c.check(
                f.dirty(invalid, l) == f.dirty(raw, l),
                l,
                invalid,
                "dirty=" + f.dirty(raw, l),
                f.dirty(invalid, l));
            c.check(
                f.write(invalid, l) == f.write(raw, l),
                l,
                invalid,
                "write=" + f.write(raw, l),
                f.write(invalid, l));
          }
        });
  }

  @Clause(
      id = "FMT-47",
      text = "A fresh leaf is not special, mkSpecial makes it so and changes nothing else",
      source = "kernel: pte_special_tests",
      check = "mkSpecial and the field of role SPECIAL",
      requires = MmuFeature.PTE_SPECIAL)
  static void special(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) -> {
          c.check(!f.special(raw, l), l, raw, "not special", "special");
          long marked = f.mkSpecial(raw, l);
          c.check(f.special(marked, l), l, marked, "special after mkSpecial", "not special");
          sameBut(c, f, l, raw, marked, "mkSpecial");
        });
  }

  @Clause(
      id = "FMT-48",
      text = "Without the bit, mkSpecial is refused and nothing is special",
      source = "SPI: MmuFeature.PTE_SPECIAL, absent",
      check = "mkSpecial",
      absent = MmuFeature.PTE_SPECIAL)
  static void noSpecial(ClauseContext c) {
    PteFormat f = c.format();
    long raw = Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE);
    c.unsupported(MmuFeature.PTE_SPECIAL, "mkSpecial", () -> f.mkSpecial(raw, Level.PTE));
    c.check(!f.special(raw, Level.PTE), Level.PTE, raw, "not special", "special");
  }

  @Clause(
      id = "FMT-49",
      text = "mkSoftDirty and clearSoftDirty set and clear the mark and change nothing else",
      source = "kernel: pte_soft_dirty_tests, pmd_soft_dirty_tests",
      check = "mkSoftDirty, clearSoftDirty and the field of role SOFT_DIRTY",
      requires = MmuFeature.SOFT_DIRTY)
  static void softDirty(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) -> {
          long marked = f.mkSoftDirty(raw, l);
          long cleared = f.clearSoftDirty(marked, l);
          c.check(
              f.softDirty(marked, l), l, marked, "soft-dirty after mkSoftDirty", "not soft-dirty");
          c.check(
              !f.softDirty(cleared, l),
              l,
              cleared,
              "not soft-dirty after clearSoftDirty",
              "soft-dirty");
          sameBut(c, f, l, raw, marked, "mkSoftDirty");
          sameBut(c, f, l, raw, cleared, "clearSoftDirty");
        });
  }

  @Clause(
      id = "FMT-50",
      text =
          "Without the bit, mkSoftDirty is refused, for leaves and swap entries, and nothing is soft-dirty",
      source = "SPI: MmuFeature.SOFT_DIRTY, absent",
      check = "mkSoftDirty and swapMkSoftDirty",
      absent = MmuFeature.SOFT_DIRTY)
  static void noSoftDirty(ClauseContext c) {
    PteFormat f = c.format();
    long raw = Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE);
    long swap = f.mkSwap(1, 1, Level.PTE);
    c.unsupported(MmuFeature.SOFT_DIRTY, "mkSoftDirty", () -> f.mkSoftDirty(raw, Level.PTE));
    c.unsupported(
        MmuFeature.SOFT_DIRTY, "swapMkSoftDirty", () -> f.swapMkSoftDirty(swap, Level.PTE));
    c.check(!f.softDirty(raw, Level.PTE), Level.PTE, raw, "not soft-dirty", "soft-dirty");
    c.check(!f.swapSoftDirty(swap, Level.PTE), Level.PTE, swap, "not soft-dirty", "soft-dirty");
  }

  @RestsOn({"FMT-06", "FMT-07"})
  @Clause(
      id = "FMT-51",
      text =
          "mkUffdWp marks a leaf and takes write permission away; clearUffdWp takes the mark off",
      source = "kernel: pte_mkuffd_wp; page_table_check warns of uffd-wp with write",
      check = "mkUffdWp: wrProtect belongs to it",
      requires = MmuFeature.UFFD_WP)
  static void uffdWp(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        (raw, l) -> {
          long marked = f.mkUffdWp(raw, l);
          long cleared = f.clearUffdWp(marked, l);
          c.check(!f.uffdWp(raw, l), l, raw, "no mark on a fresh leaf", "uffd-wp");
          c.check(f.uffdWp(marked, l), l, marked, "uffd-wp after mkUffdWp", "no mark");
          c.check(!f.write(marked, l), l, marked, "read-only after mkUffdWp", "writable");
          c.check(
              f.dirty(marked, l) == f.dirty(raw, l),
              l,
              marked,
              "dirty=" + f.dirty(raw, l),
              f.dirty(marked, l));
          c.check(!f.uffdWp(cleared, l), l, cleared, "no mark after clearUffdWp", "uffd-wp");
          c.same(f.physAddr(raw, l), f.physAddr(marked, l), l, marked, "address");
        });
  }

  @Clause(
      id = "FMT-52",
      text = "Without the bit, mkUffdWp is refused, for leaves and swap entries",
      source = "SPI: MmuFeature.UFFD_WP, absent",
      check = "mkUffdWp and swapMkUffdWp",
      absent = MmuFeature.UFFD_WP)
  static void noUffdWp(ClauseContext c) {
    PteFormat f = c.format();
    long raw = Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE);
    long swap = f.mkSwap(1, 1, Level.PTE);
    c.unsupported(MmuFeature.UFFD_WP, "mkUffdWp", () -> f.mkUffdWp(raw, Level.PTE));
    c.unsupported(MmuFeature.UFFD_WP, "swapMkUffdWp", () -> f.swapMkUffdWp(swap, Level.PTE));
    c.check(
        !f.uffdWp(raw, Level.PTE) && !f.swapUffdWp(swap, Level.PTE),
        Level.PTE,
        raw,
        "no mark",
        "uffd-wp");
  }

  @Clause(
      id = "FMT-53",
      text =
          "An empty entry of a level is none, and nothing else: not present, valid, swap or PROT_NONE",
      source = "kernel: pte_clear_tests to pgd_clear_tests",
      check = "empty and none of the level; none need not be zero")
  static void emptyIsNone(ClauseContext c) {
    PteFormat f = c.format();
    for (Level level : c.realLevels()) {
      long raw = f.empty(level);
      c.check(f.none(raw, level), level, raw, "none", "used");
      c.check(!f.valid(raw, level), level, raw, "invalid", "valid");
      c.check(!f.present(raw, level), level, raw, "not present", "present");
      c.check(
          !f.swap(raw, level) && !f.protnone(raw, level),
          level,
          raw,
          "no swap, no PROT_NONE",
          "one of them");
    }
  }

  @Clause(
      id = "FMT-54",
      text = "A leaf above PTE is bad as a table",
      source = "kernel: pmd_basic_tests (mkhuge is bad), pud_basic_tests",
      check = "bad: it must see the leaf bit")
  static void hugeLeafIsBad(ClauseContext c) {
    PteFormat f = c.format();
    c.hugeLevels();
    Leaves.fresh(
        c,
        Samples.ACCESSIBLE,
        (raw, l, protection, physAddr) -> {
          if (l != Level.PTE) {
            c.check(f.bad(raw, l), l, raw, "bad, for " + protection, "a sane table entry");
          }
        });
  }

  @RestsOn({"FMT-20", "FMT-25", "FMT-44"})
  @Clause(
      id = "FMT-55",
      text = "Splitting a leaf gives the leaf of the lower level that would have been made there",
      source = "kernel: __split_huge_pmd_locked; bug classes 5 and 8",
      check = "splitLeaf: what moves between levels (leaf bit, memory type), and the address")
  static void splitIsAsMadeThere(ClauseContext c) {
    PteFormat f = c.format();
    c.hugeLevels();
    for (Level level : c.leafLevels()) {
      for (Level lower : c.leafLevels()) {
        if (lower.compareTo(level) > 0) {
          for (long physAddr : reachable(c, level, lower)) {
            for (Protection protection : Samples.ALL) {
              long pgprot = f.pgprot(protection);
              long expected = f.mkLeaf(physAddr, pgprot, lower);
              long found = f.splitLeaf(f.mkLeaf(physAddr, pgprot, level), level, lower);
              c.same(expected, found, lower, found, protection + " split from " + level);
            }
          }
        }
      }
    }
  }

  /** Larger leaves may reach further than smaller ones. */
  private static List<Long> reachable(ClauseContext c, Level level, Level lower) {
    long last = Samples.lastPhysAddr(c.geometry(), lower);
    return Samples.physAddrs(c, level).stream().filter(physAddr -> physAddr <= last).toList();
  }

  @RestsOn("FMT-44")
  @Clause(
      id = "FMT-56",
      text = "Splitting keeps young, dirty, write and the marks of software, and the memory type",
      source = "kernel: __split_huge_pmd_locked; bug class 6",
      check = "splitLeaf")
  static void splitKeepsState(ClauseContext c) {
    PteFormat f = c.format();
    c.hugeLevels();
    long marks = f.bits().softDirty() | f.bits().uffdWp() | f.bits().special();
    Leaves.all(
        c,
        (raw, l) -> {
          for (Level lower : c.leafLevels()) {
            long last = Samples.lastPhysAddr(c.geometry(), lower);
            if (lower.compareTo(l) > 0 && f.physAddr(raw, l) <= last) {
              long found = f.splitLeaf(raw | marks, l, lower);
              c.check(
                  f.young(found, lower) == f.young(raw, l),
                  lower,
                  found,
                  "young=" + f.young(raw, l),
                  f.young(found, lower));
              c.check(
                  f.dirty(found, lower) == f.dirty(raw, l),
                  lower,
                  found,
                  "dirty=" + f.dirty(raw, l),
                  f.dirty(found, lower));
              c.check(
                  f.write(found, lower) == f.write(raw, l),
                  lower,
                  found,
                  "write=" + f.write(raw, l),
                  f.write(found, lower));
              c.same(marks, found & marks, lower, found, "marks");
              c.same(f.physAddr(raw, l), f.physAddr(found, lower), lower, found, "address");
            }
          }
        });
  }

  private static void sameBut(
      ClauseContext c, PteFormat f, Level l, long raw, long changed, String what) {
    c.same(f.physAddr(raw, l), f.physAddr(changed, l), l, changed, "address after " + what);
    boolean same =
        f.valid(raw, l) == f.valid(changed, l)
            && f.present(raw, l) == f.present(changed, l)
            && f.young(raw, l) == f.young(changed, l)
            && f.dirty(raw, l) == f.dirty(changed, l)
            && f.write(raw, l) == f.write(changed, l);
    c.check(
        same, l, changed, "young, dirty, write and validity unchanged by " + what, "one changed");
  }
}
