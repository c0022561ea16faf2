package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;
import org.mmport.spi.TlbDuty;

/** FLUSH 01 to 19: what an entry's change makes due, where every architecture agrees. */
final class FlushRuleClauses {
  private FlushRuleClauses() {}

  @Clause(
      id = "FLUSH-01",
      text = "A valid leaf that becomes anything invalid must leave the TLB",
      source = "kernel: pte_flags_need_flush (P 1 to 0), tlb_remove_tlb_entry",
      check = "duty for a leaf that goes to none, swap or PROT_NONE")
  static void unmappedLeafIsFlushed(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.fresh(
        c,
        Samples.ACCESSIBLE,
        (raw, l, protection, physAddr) -> {
          long none = f.modify(raw, f.pgprot(Protection.PAGE_NONE), l);
          for (long to : new long[] {f.empty(l), c.swapOrEmpty(l), none}) {
            atLeast(c, FlushScope.LEAF, raw, to, l, "a leaf made invalid");
          }
        });
  }

  @Clause(
      id = "FLUSH-02",
      text = "A valid leaf that loses a right must leave the TLB",
      source = "kernel: pte_flags_need_flush (RW, US, NX); radix: clearing any of R, W, X",
      check = "duty where write, user or exec goes")
  static void lostRightsAreFlushed(ClauseContext c) {
    PteFormat f = c.format();
    for (Level level : c.leafLevels()) {
      long physAddr = Samples.physAddr(c, level);
      for (Protection from : Samples.ACCESSIBLE) {
        for (Protection to : Samples.ACCESSIBLE) {
          long clean = f.mkClean(f.mkYoung(Leaves.make(c, physAddr, from, level), level), level);
          for (long old : new long[] {clean, f.mkDirty(clean, level)}) {
            long changed = f.modify(old, f.pgprot(to), level);
            if ((f.rights(old, level) & ~f.rights(changed, level)) != 0) {
              atLeast(c, FlushScope.LEAF, old, changed, level, from + " to " + to);
            }
          }
        }
      }
    }
  }

  @RestsOn("FMT-20")
  @Clause(
      id = "FLUSH-03",
      text = "A valid leaf that comes to map other memory must leave the TLB",
      source = "kernel: pte_flags_need_flush (PFN change); arm64: pgattr_change_is_safe never",
      check = "duty: the frame bits, all of them")
  static void movedLeafIsFlushed(ClauseContext c) {
    PteFormat f = c.format();
    for (Level level : c.leafLevels()) {
      long raw = Leaves.make(c, 0, Protection.PAGE_SHARED, level);
      for (long physAddr : Samples.physAddrs(c, level)) {
        if (physAddr != 0) {
          atLeast(
              c,
              FlushScope.LEAF,
              raw,
              f.withPhysAddr(raw, physAddr, level),
              level,
              "another frame");
        }
      }
    }
  }

  @Clause(
      id = "FLUSH-04",
      text =
          "A table that is unhooked must leave the caches of upper levels, not only the TLB; where hardware walks no tables, what was mapped through it must leave the TLB",
      source = "kernel: tlb_remove_table, freed_tables; Intel SDM volume 3A, 4.10.3",
      check = "duty for a table entry that goes: WALK_CACHES; LEAF with HASHED")
  static void unhookedTableIsFlushed(ClauseContext c) {
    for (Level level : c.tableLevels()) {
      for (long raw : tables(c, level)) {
        atLeast(c, ofTables(c), raw, c.format().empty(level), level, "a table unhooked");
      }
    }
  }

  @RestsOn("FMT-60")
  @Clause(
      id = "FLUSH-05",
      text =
          "A table entry that comes to point at another table must leave the caches of upper levels; where hardware walks no tables, what was mapped through it must leave the TLB",
      source = "R2 relocation: MMF_NEED_FLUSH; Intel SDM volume 3A, 4.10.3",
      check = "duty: the table's address")
  static void movedTableIsFlushed(ClauseContext c) {
    for (Level level : c.tableLevels()) {
      List<Long> tables = tables(c, level);
      for (int i = 1; i < tables.size(); i++) {
        if (!tables.get(i).equals(tables.get(i - 1))) {
          atLeast(c, ofTables(c), tables.get(i - 1), tables.get(i), level, "another table");
        }
      }
    }
  }

  @Clause(
      id = "FLUSH-06",
      text = "A leaf that makes way for a table must leave the TLB",
      source = "kernel: __split_huge_pmd_locked; arm64: break-before-make for a change of size",
      check = "duty for a leaf that becomes a table")
  static void splitLeafIsFlushed(ClauseContext c) {
    for (Level level : c.hugeLevels()) {
      long leaf = Leaves.make(c, 0, Protection.PAGE_SHARED, level);
      for (long table : tables(c, level)) {
        atLeast(c, FlushScope.LEAF, leaf, table, level, "a leaf replaced by a table");
      }
    }
  }

  @Clause(
      id = "FLUSH-07",
      text = "Hardware's dirty bit taken away must leave the TLB, or writes go by unseen",
      source = "kernel: pte_flags_need_flush (D 1 to 0); page_mkclean",
      check = "duty where dirty goes",
      requires = MmuFeature.HW_DIRTY)
  static void cleanedLeafIsFlushed(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.fresh(
        c,
        Samples.USER.stream().filter(p -> p.write() && p.shared()).toList(),
        (raw, l, protection, physAddr) -> {
          long dirty = f.mkDirty(f.mkYoung(f.mkWrite(raw, l), l), l);
          atLeast(c, FlushScope.LEAF, dirty, f.mkClean(dirty, l), l, "dirty cleared");
        });
  }

  @Clause(
      id = "FLUSH-08",
      text = "An entry that was not valid owes no flush when it becomes a leaf of the last level",
      source = "Intel SDM volume 3A, 4.10.2.3 and Arm ARM: entries that fault are not cached",
      check = "duty for an old value that is not valid")
  static void newLeafIsNotFlushed(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.fresh(
        c,
        Samples.ACCESSIBLE,
        (raw, l, protection, physAddr) -> {
          if (l == Level.PTE) {
            nothing(c, f.empty(l), raw, l, "a leaf where none was");
            nothing(c, c.swapOrEmpty(l), raw, l, "a leaf where a swap entry was");
          }
        });
  }

  @Clause(
      id = "FLUSH-09",
      text = "What is not valid before nor after owes no flush",
      source = "kernel: ptep_get_and_clear of swap entries",
      check = "duty between none and swap entries")
  static void invisibleChangesAreNotFlushed(ClauseContext c) {
    PteFormat f = c.format();
    for (Level level : c.leafLevels()) {
      nothing(c, f.empty(level), c.swapOrEmpty(level), level, "a swap entry stored");
      nothing(c, c.swapOrEmpty(level), f.empty(level), level, "a swap entry cleared");
      nothing(
          c,
          c.swapOrEmpty(level),
          f.swapMkExclusive(c.swapOrEmpty(level), level),
          level,
          "a mark set");
    }
  }

  @Clause(
      id = "FLUSH-10",
      text = "An entry that stays what it is owes nothing",
      source = "kernel: ptep_set_access_flags writes only what changed",
      check = "duty of equal values")
  static void noChangeOwesNothing(ClauseContext c) {
    Leaves.all(c, (raw, l) -> nothing(c, raw, raw, l, "no change"));
    for (Level level : c.realLevels()) {
      nothing(c, c.format().empty(level), c.format().empty(level), level, "no change");
    }
  }

  @Clause(
      id = "FLUSH-11",
      text = "Where break-before-make is demanded, a leaf never becomes a table directly",
      source = "Arm ARM, D8.16; kernel: arm64 pgattr_change_is_safe",
      check = "duty: breakBeforeMake for a change of size or frame",
      requires = MmuFeature.BREAK_BEFORE_MAKE)
  static void breakBeforeMakeIsDemanded(ClauseContext c) {
    for (Level level : c.hugeLevels()) {
      long leaf = Leaves.make(c, 0, Protection.PAGE_SHARED, level);
      for (long table : tables(c, level)) {
        TlbDuty duty = c.variant().tlbRules().duty(leaf, table, level);
        c.check(duty.breakBeforeMake(), level, leaf, "break-before-make", duty);
      }
    }
  }

  @Clause(
      id = "FLUSH-12",
      text = "Without the demand, no change asks for break-before-make",
      source = "SPI: MmuFeature.BREAK_BEFORE_MAKE, absent",
      check = "duty: breakBeforeMake",
      absent = MmuFeature.BREAK_BEFORE_MAKE)
  static void breakBeforeMakeIsNotDemanded(ClauseContext c) {
    for (Level level : c.leafLevels()) {
      long leaf = Leaves.make(c, 0, Protection.PAGE_SHARED, level);
      long moved = c.format().withPhysAddr(leaf, Samples.lastPhysAddr(c.geometry(), level), level);
      for (long to : new long[] {c.format().empty(level), moved}) {
        TlbDuty duty = c.variant().tlbRules().duty(leaf, to, level);
        c.check(!duty.breakBeforeMake(), level, leaf, "no break-before-make", duty);
      }
      if (level != Level.PTE) {
        TlbDuty duty = c.variant().tlbRules().duty(leaf, tables(c, level).getFirst(), level);
        c.check(!duty.breakBeforeMake(), level, leaf, "no break-before-make", duty);
      }
    }
  }

  @Clause(
      id = "FLUSH-13",
      text =
          "Where the CPU keeps root entries, hooking and unhooking a table in the root demands a reload",
      source = "kernel: PAE pud_populate flushes, MMF_NEED_RELOAD",
      check = "duty for entries of the root: reloadRoot",
      requires = MmuFeature.ROOT_ENTRIES_CACHED)
  static void rootEntriesDemandReload(ClauseContext c) {
    Level root = c.tableLevels().getFirst();
    for (long table : tables(c, root)) {
      long empty = c.format().empty(root);
      c.check(
          c.variant().tlbRules().duty(empty, table, root).reloadRoot(),
          root,
          table,
          "a reload when hooked",
          "none");
      c.check(
          c.variant().tlbRules().duty(table, empty, root).reloadRoot(),
          root,
          table,
          "a reload when unhooked",
          "none");
    }
  }

  @Clause(
      id = "FLUSH-14",
      text =
          "Where the CPU keeps no root entries, no change demands a reload, and hooking a table owes nothing",
      source = "kernel: pud_populate; Intel SDM volume 3A, 4.10.2.3",
      check = "duty: reloadRoot; tables hooked where nothing was",
      absent = MmuFeature.ROOT_ENTRIES_CACHED)
  static void rootEntriesDemandNothing(ClauseContext c) {
    for (Level level : c.tableLevels()) {
      for (long table : tables(c, level)) {
        nothing(c, c.format().empty(level), table, level, "a table hooked where nothing was");
        TlbDuty duty = c.variant().tlbRules().duty(table, c.format().empty(level), level);
        c.check(!duty.reloadRoot(), level, table, "no reload of the root", duty);
      }
    }
  }

  @Clause(
      id = "FLUSH-15",
      text = "Filling and emptying an entry owe the same whatever the frame",
      source = "SPI: TlbRules.duty, which is asked once for a run of leaves",
      check = "duty: where it looks at the address")
  static void framesOweAlike(ClauseContext c) {
    for (Level level : c.leafLevels()) {
      long empty = c.format().empty(level);
      long some = Leaves.make(c, 0, Protection.PAGE_SHARED, level);
      TlbDuty filled = c.variant().tlbRules().duty(empty, some, level);
      TlbDuty emptied = c.variant().tlbRules().duty(some, empty, level);
      for (long physAddr : Samples.physAddrs(c, level)) {
        long other = c.format().withPhysAddr(some, physAddr, level);
        same(c, filled, empty, other, other, level, "filling");
        same(c, emptied, other, empty, other, level, "emptying");
      }
    }
  }

  @RestsOn({
    "FLUSH-01",
    "FLUSH-02",
    "FLUSH-03",
    "FLUSH-04",
    "FLUSH-05",
    "FLUSH-07",
    "FLUSH-08",
    "FLUSH-10",
    "FLUSH-12",
    "FLUSH-14",
    "FLUSH-15",
    "FLUSH-17"
  })
  @Clause(
      id = "FLUSH-16",
      text = "Changes in the hand-written table owe what it says, neither less nor more",
      source = "the architecture's manual, as rows written by hand",
      check = "duty, for the row's old and new value")
  static void duties(ClauseContext c) {
    for (GoldenDuties.Row row : GoldenDuties.of(c)) {
      TlbDuty found = c.variant().tlbRules().duty(row.oldRaw(), row.newRaw(), row.level());
      c.check(
          found.equals(row.duty()),
          row.level(),
          row.oldRaw(),
          "%s for %s, now %s".formatted(row.duty(), row.what(), ClauseContext.hex(row.newRaw())),
          found);
    }
  }

  @Clause(
      id = "FLUSH-17",
      text = "Where hardware walks no tables, no change of one asks for a flush of walk caches",
      source = "kernel: RIC_FLUSH_PWC in mm/book3s64/radix_tlb.c, nothing like it in hash_native.c",
      check = "duty for table entries: rules of a TLB that has walk caches",
      requires = MmuFeature.HASHED)
  static void noWalkCachesWhereNothingIsWalked(ClauseContext c) {
    for (Level level : c.tableLevels()) {
      List<Long> values = new ArrayList<>(tables(c, level));
      values.add(c.format().empty(level));
      if (c.geometry().at(level).leafAllowed()) {
        values.add(Leaves.make(c, 0, Protection.PAGE_SHARED, level));
      }
      for (long from : values) {
        for (long to : values) {
          TlbDuty duty = c.variant().tlbRules().duty(from, to, level);
          c.check(
              duty.scope() != FlushScope.WALK_CACHES,
              level,
              from,
              "no flush of WALK_CACHES, now " + ClauseContext.hex(to),
              duty);
        }
      }
    }
  }

  /** What is cached of a table: hardware that walks none has only what is below. */
  static FlushScope ofTables(ClauseContext c) {
    return c.variant().has(MmuFeature.HASHED) ? FlushScope.LEAF : FlushScope.WALK_CACHES;
  }

  private static void same(
      ClauseContext c,
      TlbDuty first,
      long oldRaw,
      long newRaw,
      long leaf,
      Level level,
      String what) {
    TlbDuty duty = c.variant().tlbRules().duty(oldRaw, newRaw, level);
    c.check(duty.equals(first), level, leaf, what + " owes " + first + " as for frame 0", duty);
  }

  private static List<Long> tables(ClauseContext c, Level level) {
    Level below = c.realLevels().get(c.realLevels().indexOf(level) + 1);
    int align = c.geometry().at(below).placement().alignBytes();
    return Samples.physAddrs(c, align).stream()
        .map(physAddr -> c.format().mkTable(physAddr, level, TableOwner.USER))
        .toList();
  }

  private static void atLeast(
      ClauseContext c, FlushScope scope, long oldRaw, long newRaw, Level level, String change) {
    TlbDuty duty = c.variant().tlbRules().duty(oldRaw, newRaw, level);
    c.check(
        duty.scope().compareTo(scope) >= 0,
        level,
        oldRaw,
        "a flush of %s for %s, now %s".formatted(scope, change, ClauseContext.hex(newRaw)),
        duty);
  }

  private static void nothing(
      ClauseContext c, long oldRaw, long newRaw, Level level, String change) {
    TlbDuty duty = c.variant().tlbRules().duty(oldRaw, newRaw, level);
    c.check(
        duty.isNone() && !duty.breakBeforeMake(),
        level,
        oldRaw,
        "no duty for %s, now %s".formatted(change, ClauseContext.hex(newRaw)),
        duty);
  }
}
