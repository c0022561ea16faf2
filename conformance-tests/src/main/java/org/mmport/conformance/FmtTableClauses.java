package org.mmport.conformance;

import java.util.List;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.EntryRole;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/** FMT 60 to 69: entries that point at tables. */
final class FmtTableClauses {
  private FmtTableClauses() {}

  @Clause(
      id = "FMT-60",
      text =
          "A table entry gives back the table's address, for every place that its placement allows",
      source =
          "kernel: pmd_populate to pgd_populate; R0.5, R0.6 (a descriptor of the next table at every level)",
      check = "mkTable and tableAddr; tables smaller than a page need low address bits")
  static void tableAddressRoundTrip(ClauseContext c) {
    each(
        c,
        (raw, level, owner, physAddr) ->
            c.same(physAddr, c.format().tableAddr(raw, level), level, raw, "table address"));
  }

  @Clause(
      id = "FMT-61",
      text = "A table entry is valid, present and not a leaf, none, swap or PROT_NONE",
      source = "kernel: pmd_populate_tests to pgd_populate_tests; bug class 19",
      check = "mkTable: type bits; a table at physical address 0 is one too")
  static void tableIsTable(ClauseContext c) {
    PteFormat f = c.format();
    each(
        c,
        (raw, level, owner, physAddr) -> {
          c.check(
              f.valid(raw, level) && f.present(raw, level), level, raw, "valid and present", "not");
          c.check(!f.leaf(raw, level), level, raw, "a table", "a leaf");
          c.check(
              !f.none(raw, level) && !f.swap(raw, level),
              level,
              raw,
              "neither none nor swap",
              "none or swap");
          c.check(!f.protnone(raw, level), level, raw, "not PROT_NONE", "PROT_NONE");
          c.same(0, f.reserved(raw, level), level, raw, "reserved bits");
        });
  }

  @RestsOn("FMT-60")
  @Clause(
      id = "FMT-62",
      text = "A table entry is not bad",
      source = "kernel: pmd_populate_tests to pgd_populate_tests",
      check = "bad: it must accept exactly what mkTable makes, for user and kernel")
  static void tableIsNotBad(ClauseContext c) {
    each(
        c,
        (raw, level, owner, physAddr) ->
            c.check(
                !c.format().bad(raw, level),
                level,
                raw,
                "a sane " + owner + " table entry",
                "bad"));
  }

  @Clause(
      id = "FMT-63",
      text = "A table entry takes no right away from what is below it",
      source = "kernel: _PAGE_TABLE, _KERNPG_TABLE; SPI: mkTable",
      check =
          "mkTable: restrictive bits; kernel tables may keep user code out, user tables the kernel's")
  static void tableLeavesAllRights(ClauseContext c) {
    int kernel = Rights.KERNEL_READ | Rights.KERNEL_WRITE | Rights.KERNEL_EXEC;
    each(
        c,
        (raw, level, owner, physAddr) -> {
          int needed = owner == TableOwner.USER ? Rights.ALL & ~Rights.KERNEL_EXEC : kernel;
          int rights = c.format().rights(raw, level);
          c.check(
              (rights & needed) == needed,
              level,
              raw,
              "rights " + GoldenRows.letters(needed),
              GoldenRows.letters(rights));
        });
  }

  @RestsOn("GEO-08")
  @Clause(
      id = "FMT-64",
      text =
          "Frame bits of a leaf above PTE that lie below its span are reported or ignored, never used",
      source = "Intel SDM volume 3A, table 4-17 (reserved); bug class 2: misaligned superpages",
      check = "frameMask of the level, and reserved")
  static void misalignedLeafIsNotUsed(ClauseContext c) {
    PteFormat f = c.format();
    for (Level level : c.hugeLevels()) {
      long physAddr = Samples.physAddr(c, level);
      long raw = Leaves.make(c, physAddr, Protection.PAGE_SHARED, level);
      long low = f.bits().hugeFrame() & ~f.frameMask(level);
      for (long bit = Long.lowestOneBit(low); low != 0; low &= ~bit, bit = Long.lowestOneBit(low)) {
        long misaligned = raw ^ bit;
        boolean ignored = f.physAddr(misaligned, level) == physAddr;
        c.check(
            f.reserved(misaligned, level) != 0 || ignored,
            level,
            misaligned,
            "reserved bits, or " + ClauseContext.hex(physAddr),
            f.physAddr(misaligned, level));
      }
      long spanMask = Samples.spanBytes(c.geometry(), level) - 1;
      long all = f.physAddr(raw | f.bits().hugeFrame() | f.frameMask(level), level);
      c.check((all & spanMask) == 0, level, raw, "an address aligned to the span", all);
    }
  }

  @Clause(
      id = "FMT-65",
      text = "A bit that a port calls reserved in valid entries is reported where it is set",
      source = "SPI: EntryRole.RESERVED, PteFormat.reserved; bug class 2",
      check = "reserved against the fields of role RESERVED")
  static void reservedBitsAreReported(ClauseContext c) {
    PteFormat f = c.format();
    boolean any = false;
    for (EntryField field : f.fields()) {
      for (Level level : c.realLevels()) {
        EntryKind leafKind = level == Level.PTE ? EntryKind.PAGE : EntryKind.HUGE;
        if (field.role() == EntryRole.RESERVED
            && c.geometry().at(level).leafAllowed()
            && field.kinds().contains(leafKind)) {
          any = true;
          long raw =
              Leaves.make(c, 0, Protection.PAGE_SHARED, level) | Long.lowestOneBit(field.mask());
          c.check(
              f.reserved(raw, level) != 0,
              level,
              raw,
              field.name() + " reported",
              "nothing reserved");
        }
        if (field.role() == EntryRole.RESERVED
            && level != Level.PTE
            && field.kinds().contains(c.tableKind(level))) {
          any = true;
          long raw = f.mkTable(0, level, TableOwner.USER) | Long.lowestOneBit(field.mask());
          c.check(
              f.reserved(raw, level) != 0,
              level,
              raw,
              field.name() + " reported",
              "nothing reserved");
        }
      }
    }
    if (!any) {
      throw c.notApplicable(c.variant().id() + " names no reserved bits in valid entries");
    }
  }

  @Clause(
      id = "FMT-66",
      text = "Every entry of the last level is a leaf, and none is where no leaf can be above",
      source = "kernel: pte is always a leaf; SPI: LevelGeometry.leafAllowed",
      check = "leaf at PTE, and at levels without leaves")
  static void leafOnlyWhereAllowed(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c, Samples.ACCESSIBLE, (raw, l) -> c.check(f.leaf(raw, l), l, raw, "a leaf", "a table"));
    for (Level level : c.tableLevels()) {
      for (TableOwner owner : TableOwner.values()) {
        long raw = f.mkTable(0, level, owner);
        c.check(!f.leaf(raw, level), level, raw, "a table", "a leaf");
      }
    }
  }

  @RestsOn({"FMT-60", "FMT-61", "FMT-63", "FMT-83"})
  @Clause(
      id = "FMT-67",
      text =
          "A write-protected table entry takes the right to write and nothing else, and gives it back; where entries cannot, it is as it was",
      source =
          "Intel SDM volume 3A, 4.6 (R/W of every entry used); Arm ARM D8.4: APTable; R3.17, R3.18",
      check = "wrProtectTable, mkWriteTable: PteBits.writeTable and noWriteTable")
  static void tablesCanBeWriteProtected(ClauseContext c) {
    PteFormat f = c.format();
    each(
        c,
        (raw, level, owner, physAddr) -> {
          long protect = f.wrProtectTable(raw, level);
          int before = f.rights(raw, level);
          boolean can = hasWriteBit(c, level);
          int expected = can ? before & ~Rights.WRITE : before;
          c.same(expected, f.rights(protect, level), level, raw, "rights of a protected table");
          c.check(
              can || protect == raw, level, raw, "an entry without such a bit as it was", protect);
          c.same(physAddr, f.tableAddr(protect, level), level, protect, "table address");
          c.check(
              f.valid(protect, level) && !f.leaf(protect, level) && f.reserved(protect, level) == 0,
              level,
              protect,
              "a table",
              "none");
          c.same(protect, f.wrProtectTable(protect, level), level, protect, "protected twice");
          if (can) {
            c.same(raw, f.mkWriteTable(protect, level), level, protect, "writable again");
          }
        });
  }

  /** Whether flipping one bit of a table entry, by what the port says of it, can forbid writing. */
  private static boolean hasWriteBit(ClauseContext c, Level level) {
    PteFormat f = c.format();
    long raw = f.mkTable(0, level, TableOwner.USER);
    for (EntryField field : f.fields()) {
      boolean decides = field.role() == EntryRole.WRITE || field.role() == EntryRole.NO_WRITE;
      if (decides
          && field.kinds().contains(c.tableKind(level))
          && (f.rights(raw ^ field.mask(), level) & Rights.WRITE) == 0) {
        return true;
      }
    }
    return false;
  }

  /** What is done with each table entry. */
  @FunctionalInterface
  private interface Visitor {
    void table(long raw, Level level, TableOwner owner, long physAddr);
  }

  private static void each(ClauseContext c, Visitor visitor) {
    List<Level> real = c.realLevels();
    for (Level level : c.tableLevels()) {
      Level below = real.get(real.indexOf(level) + 1);
      int align = c.geometry().at(below).placement().alignBytes();
      for (long physAddr : Samples.physAddrs(c, align)) {
        for (TableOwner owner : TableOwner.values()) {
          visitor.table(c.format().mkTable(physAddr, level, owner), level, owner, physAddr);
        }
      }
    }
  }
}
