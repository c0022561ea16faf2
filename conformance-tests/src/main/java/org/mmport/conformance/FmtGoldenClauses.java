package org.mmport.conformance;

import java.util.List;
import java.util.Map;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;

/** FMT 80 to 89: decoders against entries written by hand. */
final class FmtGoldenClauses {
  private static final String SOURCE = "the architecture's manual, as rows written by hand";

  private FmtGoldenClauses() {}

  @Clause(
      id = "FMT-80",
      text =
          "Golden rows are what they say they are: page, huge leaf, table, swap, none, PROT_NONE or a fault",
      source = SOURCE + "; bug classes 3 and 5",
      check = "valid, leaf, none, present, protnone and swap, for the row's raw value")
  static void kinds(ClauseContext c) {
    PteFormat f = c.format();
    for (GoldenRows.Row row : GoldenRows.of(c, row -> true)) {
      Level l = row.level();
      long raw = row.raw();
      c.check(f.valid(raw, l) == row.isValid(), l, raw, "valid=" + row.isValid(), f.valid(raw, l));
      boolean none = row.kind() == GoldenRows.Kind.NONE;
      c.check(f.none(raw, l) == none, l, raw, "none=" + none, f.none(raw, l));
      boolean swap = row.kind() == GoldenRows.Kind.SWAP;
      c.check(f.swap(raw, l) == swap, l, raw, "swap=" + swap, f.swap(raw, l));
      boolean protnone = row.kind() == GoldenRows.Kind.PROTNONE;
      c.check(f.protnone(raw, l) == protnone, l, raw, "protnone=" + protnone, f.protnone(raw, l));
      if (row.isLeaf() || row.kind() == GoldenRows.Kind.TABLE) {
        c.check(f.present(raw, l), l, raw, "present", "not present");
        c.check(f.leaf(raw, l) == row.isLeaf(), l, raw, "leaf=" + row.isLeaf(), f.leaf(raw, l));
      }
      if (row.isValid()) {
        c.same(0, f.reserved(raw, l), l, raw, "reserved bits");
      }
    }
  }

  @Clause(
      id = "FMT-81",
      text = "Golden rows map, or point at, the address that they say",
      source = SOURCE + "; bug class 5",
      check = "physAddr and tableAddr: attributes in frame bits, inverted addresses")
  static void addresses(ClauseContext c) {
    for (GoldenRows.Row row : GoldenRows.of(c, row -> row.physAddr() >= 0)) {
      long found =
          row.isLeaf()
              ? c.format().physAddr(row.raw(), row.level())
              : c.format().tableAddr(row.raw(), row.level());
      c.same(row.physAddr(), found, row.level(), row.raw(), "address");
    }
  }

  @Clause(
      id = "FMT-82",
      text = "Given its address again, a golden leaf is bit for bit what it was",
      source = SOURCE + "; L1TF, bug class 15",
      check = "withPhysAddr: how the address is stored, in entries that are not valid too")
  static void addressesAreStoredAlike(ClauseContext c) {
    for (GoldenRows.Row row : GoldenRows.of(c, GoldenRows.Row::isLeaf)) {
      long elsewhere = Samples.physAddr(c, row.level());
      long moved = c.format().withPhysAddr(row.raw(), elsewhere, row.level());
      long back = c.format().withPhysAddr(moved, row.physAddr(), row.level());
      c.same(row.raw(), back, row.level(), row.raw(), "the entry");
    }
  }

  @Clause(
      id = "FMT-83",
      text = "Golden rows leave the rights that they say, tables too",
      source = SOURCE + "; bug classes 4 and 16",
      check = "rights: which bits it reads in leaves and in tables")
  static void rights(ClauseContext c) {
    for (GoldenRows.Row row : GoldenRows.of(c, row -> row.rights() >= 0)) {
      int left = c.format().rights(row.raw(), row.level());
      boolean leaf = c.format().leaf(row.raw(), row.level());
      int found = leaf ? c.format().effectiveRights(left) : left;
      c.check(
          found == row.rights(),
          row.level(),
          row.raw(),
          "rights " + GoldenRows.letters(row.rights()),
          GoldenRows.letters(found));
    }
  }

  @RestsOn({"FMT-07", "FMT-31"})
  @Clause(
      id = "FMT-87",
      text = "A golden leaf that is dirty stays dirty when it is write-protected, modified or aged",
      source = "kernel: pte_wrprotect and pte_modify of arm64; bug class 6",
      check = "wrProtect, modify, mkOld: dirtiness that only hardware can have left there")
  static void dirtyIsNotLost(ClauseContext c) {
    PteFormat f = c.format();
    for (GoldenRows.Row row :
        GoldenRows.of(c, row -> row.isLeaf() && row.flags().contains("dirty"))) {
      Level l = row.level();
      long raw = row.raw();
      stillDirty(c, l, f.wrProtect(raw, l), "wrProtect");
      stillDirty(c, l, f.mkOld(raw, l), "mkOld");
      for (Protection protection : Samples.ACCESSIBLE) {
        stillDirty(c, l, f.modify(raw, f.pgprot(protection), l), "modify to " + protection);
      }
    }
  }

  private static void stillDirty(ClauseContext c, Level level, long raw, String after) {
    c.check(c.format().dirty(raw, level), level, raw, "still dirty after " + after, "clean");
  }

  @Clause(
      id = "FMT-84",
      text = "Golden leaves are young, dirty, writable, global and marked as they say",
      source = SOURCE,
      check = "the getter that the message names")
  static void flags(ClauseContext c) {
    for (GoldenRows.Row row : GoldenRows.of(c, GoldenRows.Row::isLeaf)) {
      decoded(c.format(), row)
          .forEach(
              (flag, found) -> {
                boolean expected = row.flags().contains(flag);
                c.check(found == expected, row.level(), row.raw(), flag + "=" + expected, found);
              });
    }
  }

  @Clause(
      id = "FMT-85",
      text = "Golden swap entries hold the type, offset and marks that they say",
      source = SOURCE,
      check = "swapType, swapOffset, and the getters of the marks")
  static void swaps(ClauseContext c) {
    PteFormat f = c.format();
    for (GoldenRows.Row row : GoldenRows.of(c, row -> row.kind() == GoldenRows.Kind.SWAP)) {
      Level l = row.level();
      long raw = row.raw();
      c.same(row.value("type"), f.swapType(raw, l), l, raw, "type");
      c.same(row.value("offset"), f.swapOffset(raw, l), l, raw, "offset");
      Map<String, Boolean> marks =
          Map.of(
              "exclusive", f.swapExclusive(raw, l),
              "softdirty", f.swapSoftDirty(raw, l),
              "uffdwp", f.swapUffdWp(raw, l));
      marks.forEach(
          (mark, found) ->
              c.check(found == row.flags().contains(mark), l, raw, mark + "=" + !found, found));
    }
  }

  @Clause(
      id = "FMT-86",
      text = "There are golden rows for every level and for every kind of entry that a variant has",
      source = "kernel: debug_vm_pgtable covers every level",
      check = "golden/<port>.tsv: what it leaves out cannot be judged")
  static void rowsCoverTheFormat(ClauseContext c) {
    List<GoldenRows.Row> rows = GoldenRows.of(c, row -> true);
    for (Level level : c.realLevels()) {
      boolean table = level != Level.PTE;
      boolean leaf = c.geometry().at(level).leafAllowed();
      // A port's file serves all its variants; a level that only some have may be said by its
      // neighbour.
      boolean known = rows.stream().anyMatch(row -> row.level() == level);
      c.check(known || level == Level.P4D, level, "golden rows", "none");
      if (known && table) {
        c.check(has(rows, level, GoldenRows.Kind.TABLE), level, "golden rows for tables", "none");
      }
      if (known && leaf) {
        GoldenRows.Kind kind = table ? GoldenRows.Kind.HUGE : GoldenRows.Kind.PAGE;
        c.check(has(rows, level, kind), level, "golden rows for leaves", "none");
      }
    }
    for (GoldenRows.Kind kind :
        List.of(GoldenRows.Kind.SWAP, GoldenRows.Kind.NONE, GoldenRows.Kind.PROTNONE)) {
      c.check(has(rows, Level.PTE, kind), Level.PTE, "golden rows for " + kind, "none");
    }
  }

  private static boolean has(List<GoldenRows.Row> rows, Level level, GoldenRows.Kind kind) {
    return rows.stream().anyMatch(row -> row.level() == level && row.kind() == kind);
  }

  private static Map<String, Boolean> decoded(PteFormat f, GoldenRows.Row row) {
    Level l = row.level();
    long raw = row.raw();
    return Map.of(
        "young", f.young(raw, l),
        "dirty", f.dirty(raw, l),
        "write", f.write(raw, l),
        "global", f.global(raw, l),
        "special", f.special(raw, l),
        "softdirty", f.softDirty(raw, l),
        "uffdwp", f.uffdWp(raw, l));
  }
}
