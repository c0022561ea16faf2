package org.mmport.conformance;

import org.mmport.spi.EntryKind;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/** FMT 91 to 93: the marks that hardware leaves. */
final class FmtMarkClauses {
  private FmtMarkClauses() {}

  @RestsOn("FMT-21")
  @Clause(
      id = "FMT-91",
      text = "A leaf that hardware went by is young, and is what it was in everything else",
      source = "Intel SDM volume 3A, 4.8; Arm ARM, D8.5; Power ISA 3.0B Book III, 5.7.12",
      check = "touched: which bit, and no other",
      requires = MmuFeature.HW_ACCESSED)
  static void touchedIsYoung(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        Samples.ACCESSIBLE,
        (raw, l) -> {
          long touched = f.touched(raw, l);
          c.check(f.young(touched, l), l, raw, "young once touched", "old");
          c.same(f.mkOld(raw, l), f.mkOld(touched, l), l, raw, "all but young");
          c.same(touched, f.touched(touched, l), l, raw, "nothing left to touch");
        });
  }

  @RestsOn({"FMT-20", "FMT-21", "FMT-29"})
  @Clause(
      id = "FMT-92",
      text =
          "A writable leaf that hardware wrote through is dirty and writable, and maps what it mapped",
      source = "Intel SDM volume 3A, 4.8; Arm ARM, D8.5.5; Power ISA 3.0B Book III, 5.7.12",
      check = "written: which bit, and its sense",
      requires = MmuFeature.HW_DIRTY)
  static void writtenIsDirty(ClauseContext c) {
    PteFormat f = c.format();
    Leaves.all(
        c,
        Samples.ACCESSIBLE,
        (raw, l) -> {
          if ((f.rights(raw, l) & Rights.WRITE) == 0) {
            return;
          }
          long written = f.written(raw, l);
          c.check(f.dirty(written, l), l, raw, "dirty once written", "clean");
          c.check(f.write(written, l) == f.write(raw, l), l, raw, "as writable", "not so");
          c.same(f.rights(raw, l), f.rights(written, l), l, raw, "rights");
          c.same(f.physAddr(raw, l), f.physAddr(written, l), l, raw, "address");
          c.check(f.young(written, l) == f.young(raw, l), l, raw, "as young", "not so");
          c.same(written, f.written(written, l), l, raw, "nothing left to mark");
          boolean changed = written != raw;
          c.check(!changed || !wasDirtyForHardware(c, raw, l), l, raw, "no mark twice", written);
        });
  }

  /** A leaf that Linux made dirty and writable is one that hardware need not mark. */
  private static boolean wasDirtyForHardware(ClauseContext c, long raw, Level level) {
    PteFormat f = c.format();
    return raw == f.mkDirty(f.mkWrite(raw, level), level);
  }

  @RestsOn({"FMT-60", "FMT-61"})
  @Clause(
      id = "FMT-93",
      text = "A table entry that hardware went by leads where it led, with the same rights",
      source = "Intel SDM volume 3A, 4.8, and table 4-8: root entries of PAE have no such flag",
      check = "touched of tables, and of roots that are unlike them",
      requires = MmuFeature.HW_ACCESSED)
  static void touchedTableLeadsOn(ClauseContext c) {
    PteFormat f = c.format();
    for (Level l : c.tableLevels()) {
      long align = c.geometry().at(c.geometry().nextReal(l)).placement().alignBytes();
      for (long table : Samples.physAddrs(c, align)) {
        for (TableOwner owner : TableOwner.values()) {
          long raw = f.mkTable(table, l, owner);
          long touched = f.touched(raw, l);
          c.check(f.valid(touched, l) && !f.bad(touched, l), l, raw, "a sane table entry", touched);
          c.same(0, f.reserved(touched, l), l, touched, "reserved bits");
          c.same(table, f.tableAddr(touched, l), l, raw, "table");
          c.same(f.rights(raw, l), f.rights(touched, l), l, raw, "rights");
          boolean ofRoot = c.tableKind(l) == EntryKind.ROOT;
          c.check(!ofRoot || touched == raw, l, raw, "no mark in such a root", touched);
        }
      }
    }
  }
}
