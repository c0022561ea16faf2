package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import org.mmport.pgtable.PageTable;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;
import org.mmport.spi.VaRegion;

/** MAP 01 to 29: changing tables, judged by the bytes that come of it and a plain model. */
@RestsOn({
  "FMT-10", "FMT-20", "FMT-21", "FMT-23", "FMT-25", "FMT-28", "FMT-29", "FMT-30", "FMT-40",
  "FMT-42", "FMT-53", "FMT-55", "FMT-60", "FMT-61", "FMT-63", "FMT-71"
})
final class MapClauses {
  private MapClauses() {}

  @Clause(
      id = "MAP-01",
      text =
          "A page mapped is mapped where it was asked for, with the bytes of memory saying so, and nothing else is",
      source = "R0.20 (first and last page of the address space)",
      check = "mapPage and the index arithmetic; byte order and width of stores")
  static void mapsOnePage(ClauseContext c) {
    for (long va : Samples.pages(c, 4)) {
      try (ModelRig rig = new ModelRig(c)) {
        rig.map(
            va,
            Samples.physAddr(c, Level.PTE),
            c.geometry().pageBytes(),
            Protection.PAGE_SHARED,
            Level.PTE);
        rig.judge();
        rig.unmap(va, c.geometry().pageBytes());
        rig.judge();
      }
    }
  }

  @Clause(
      id = "MAP-02",
      text =
          "Any program of single pages mapped, unmapped and protected leaves what the model holds",
      source = "the reference model: a plain map of ranges",
      check = "the first operation after which model and tables differ: run again with the seed")
  static void programsOfPages(ClauseContext c) {
    try (ModelRig rig = new ModelRig(c)) {
      rig.run(96, 24, Samples.USER);
    }
  }

  @Clause(
      id = "MAP-03",
      text = "Any program of ranges over large leaves leaves what the model holds",
      source = "the reference model: a plain map of ranges; bug classes 8 and 12",
      check = "splitting, and ranges that end inside a leaf")
  static void programsOfRanges(ClauseContext c) {
    c.hugeLevels();
    long window =
        2L
            << (Samples.shift(c.geometry(), c.leafLevels().reversed().get(1))
                - c.geometry().pageShift());
    try (ModelRig rig = new ModelRig(c)) {
      rig.run(64, window, Samples.USER);
    }
  }

  @Clause(
      id = "MAP-04",
      text =
          "A range as large as a leaf of a level, and aligned like it, takes one entry of that level",
      source =
          "kernel: pmd_huge_tests, pud_huge_tests; bug class 12 (a range of exactly one huge entry)",
      check = "which leaf map chooses; map, protect and unmap of exactly one")
  static void exactlyOneLargeLeaf(ClauseContext c) {
    for (Level level : c.hugeLevels()) {
      try (ModelRig rig = new ModelRig(c)) {
        long va = alignedVa(c, level);
        long span = Samples.spanBytes(c.geometry(), level);
        rig.map(va, Samples.physAddr(c, level), span, Protection.PAGE_SHARED, Level.PGD);
        rig.judge();
        ReferenceReader.Entry leaf = rig.reader().path(va).getLast();
        c.checkVa(leaf.level() == level, va, "one leaf of " + level, leaf);
        rig.protect(va, span, Protection.PAGE_READONLY);
        rig.judge();
        c.checkVa(
            rig.reader().path(va).getLast().level() == level,
            va,
            "still one leaf of " + level,
            rig.reader().path(va).getLast());
        rig.unmap(va, span);
        rig.judge();
        c.check(
            rig.reader().contents().entries().isEmpty(),
            level,
            "empty tables freed",
            "entries left");
      }
    }
  }

  @Clause(
      id = "MAP-05",
      text = "Unmapping part of a large leaf leaves the rest of it mapped as it was",
      source = "bug class 8: all of it silently dropped",
      check = "split, and what it does to the parts at both ends")
  static void partOfALargeLeafUnmapped(ClauseContext c) {
    long page = c.geometry().pageBytes();
    for (Level level : c.hugeLevels()) {
      long span = Samples.spanBytes(c.geometry(), level);
      long middle = page * (1 + c.random().nextLong(span / page - 2));
      for (long offset : new long[] {0, span - page, middle}) {
        try (ModelRig rig = new ModelRig(c)) {
          long va = alignedVa(c, level);
          rig.map(va, Samples.physAddrOfPages(c, level), span, Protection.PAGE_SHARED, level);
          rig.unmap(va + offset, page);
          rig.judge();
        }
      }
    }
  }

  @Clause(
      id = "MAP-06",
      text = "Protecting part of a large leaf changes that part alone",
      source = "bug class 8",
      check = "split before protect")
  static void partOfALargeLeafProtected(ClauseContext c) {
    long page = c.geometry().pageBytes();
    for (Level level : c.hugeLevels()) {
      long span = Samples.spanBytes(c.geometry(), level);
      try (ModelRig rig = new ModelRig(c)) {
        long va = alignedVa(c, level);
        rig.map(va, Samples.physAddrOfPages(c, level), span, Protection.PAGE_SHARED, level);
        rig.protect(va + page, page, Protection.PAGE_READONLY);
        rig.judge();
        rig.protect(va + span - page, page, Protection.PAGE_NONE);
        rig.judge();
      }
    }
  }

  @RestsOn({"FMT-31", "FMT-32"})
  @Clause(
      id = "MAP-07",
      text = "protect keeps young, dirty and the marks of software in the entries in memory",
      source = "bug class 6: protect wipes A, D, G and software bits",
      check = "modify, and that protect goes through it")
  static void protectKeepsState(ClauseContext c) {
    PteFormat f = c.format();
    long marks = f.bits().softDirty() | f.bits().uffdWp() | f.bits().special();
    for (Level level : c.leafLevels()) {
      try (ModelRig rig = new ModelRig(c)) {
        long va = alignedVa(c, level);
        long span = Samples.spanBytes(c.geometry(), level);
        rig.map(va, Samples.physAddrOfPages(c, level), span, Protection.PAGE_SHARED, level);
        ReferenceReader.Entry leaf = rig.reader().path(va).getLast();
        long old = f.mkDirty(f.mkYoung(leaf.raw(), level), level) | marks;
        rig.machine().bytes().store(leaf.entryAddr(), old);
        rig.rig().protect(va, span, Protection.PAGE_READONLY);
        long raw = rig.reader().path(va).getLast().raw();
        c.checkVa(f.young(raw, level), level, va, raw, "young", "old");
        c.checkVa(f.dirty(raw, level), level, va, raw, "dirty", "clean");
        c.checkVa(
            (raw & marks) == marks,
            level,
            va,
            raw,
            "marks " + ClauseContext.hex(marks),
            raw & marks);
      }
    }
  }

  @RestsOn("FMT-43")
  @Clause(
      id = "MAP-08",
      text =
          "Protected to nothing and back, a page is what it was; meanwhile it is there but cannot be reached",
      source = "bug class 7: PROT_NONE loses the frame",
      check = "present against valid in protect, unmap and map")
  static void protNoneAndBack(ClauseContext c) {
    for (Level level : c.leafLevels()) {
      try (ModelRig rig = new ModelRig(c)) {
        long va = alignedVa(c, level);
        long span = Samples.spanBytes(c.geometry(), level);
        rig.map(va, Samples.physAddrOfPages(c, level), span, Protection.PAGE_SHARED, level);
        long before = rig.reader().path(va).getLast().raw();
        rig.protect(va, span, Protection.PAGE_NONE);
        rig.judge();
        c.refused(
            "a map over PROT_NONE",
            () -> rig.rig().map(va, 0, c.geometry().pageBytes(), Protection.PAGE_SHARED));
        rig.protect(va, span, Protection.PAGE_SHARED);
        long after = rig.reader().path(va).getLast().raw();
        c.checkVa(after == before, level, va, after, ClauseContext.hex(before), after);
        rig.protect(va, span, Protection.PAGE_NONE);
        rig.unmap(va, span);
        rig.judge();
      }
    }
  }

  @Clause(
      id = "MAP-09",
      text = "When everything is unmapped, only the roots are left of the tables",
      source = "bug class 9: empty tables are never freed",
      check = "the number of live entries of a table, and who frees it at 0")
  static void emptyTablesAreFreed(ClauseContext c) {
    try (ModelRig rig = new ModelRig(c)) {
      long roots = rig.machine().tables();
      long free = rig.machine().frames().freeFrames();
      long page = c.geometry().pageBytes();
      List<Long> pages = Samples.pages(c, 8);
      for (long va : pages) {
        rig.map(va, Samples.physAddr(c, Level.PTE), page, Protection.PAGE_SHARED, Level.PTE);
      }
      for (long va : pages) {
        rig.unmap(va, page);
        rig.judge();
      }
      c.check(rig.machine().tables() == roots, roots + " tables", rig.machine().tables());
      c.check(
          rig.machine().frames().freeFrames() == free,
          free + " free frames",
          rig.machine().frames().freeFrames());
    }
  }

  @Clause(
      id = "MAP-10",
      text = "Where small pages were, a large leaf can be mapped once they are gone",
      source = "bug class 9: an emptied table blocks a large map",
      check = "unmap by page and by range: both must free the table")
  static void largeLeafAfterSmallOnes(ClauseContext c) {
    for (Level level : c.hugeLevels()) {
      try (ModelRig rig = new ModelRig(c)) {
        long va = alignedVa(c, level);
        long page = c.geometry().pageBytes();
        rig.map(
            va,
            Samples.physAddr(c, Level.PTE) & -8 * page,
            2 * page,
            Protection.PAGE_SHARED,
            Level.PTE);
        rig.unmap(va, page);
        rig.unmap(va + page, page);
        rig.map(
            va,
            Samples.physAddrOfPages(c, level),
            Samples.spanBytes(c.geometry(), level),
            Protection.PAGE_SHARED,
            level);
        rig.judge();
      }
    }
  }

  @Clause(
      id = "MAP-11",
      text =
          "Ranges that end with the last byte of a region, or of the address space, are ranges like others",
      source = "R0.20: base + size wraps to 0; kernel: pmd_addr_end compares boundary - 1",
      check = "loops that compare with an exclusive end")
  static void topOfTheAddressSpace(ClauseContext c) {
    long page = c.geometry().pageBytes();
    for (VaRegion region : c.geometry().vaLayout().regions()) {
      try (ModelRig rig = new ModelRig(c)) {
        long size = Math.min(4, (region.lastVa() - region.firstVa()) / page + 1) * page;
        long va = region.lastVa() - size + 1;
        rig.map(va, 0, size, Protection.PAGE_SHARED, Level.PTE);
        rig.judge();
        rig.protect(va + page, size - page, Protection.PAGE_READONLY);
        rig.judge();
        rig.unmap(region.lastVa() - page + 1, page);
        rig.judge();
        rig.unmap(va, size);
        rig.judge();
      }
    }
  }

  @Clause(
      id = "MAP-12",
      text =
          "A range takes the largest leaves that alignment of both addresses and the variant allow",
      source = "kernel: huge-vmap; generic_pt: best page size",
      check = "which level map chooses where addresses are not congruent")
  static void largestLeavesThatFit(ClauseContext c) {
    Level level = c.hugeLevels().getLast();
    long span = Samples.spanBytes(c.geometry(), level);
    long page = c.geometry().pageBytes();
    long va = alignedVa(c, level);
    try (ModelRig rig = new ModelRig(c)) {
      rig.map(va, page, span, Protection.PAGE_SHARED, Level.PGD);
      rig.judge();
      c.checkVa(
          rig.reader().path(va).getLast().level() == Level.PTE,
          va,
          "small leaves where memory is not aligned",
          rig.reader().path(va).getLast());
    }
    try (ModelRig rig = new ModelRig(c)) {
      rig.map(va, 0, span, Protection.PAGE_SHARED, Level.PTE);
      c.checkVa(
          rig.reader().path(va).getLast().level() == Level.PTE,
          va,
          "no leaf larger than asked for",
          rig.reader().path(va).getLast());
    }
  }

  @Clause(
      id = "MAP-13",
      text =
          "Unmapping or protecting where nothing is mapped changes nothing and allocates nothing",
      source = "R2.23; kernel: zap_pte_range and change_protection skip none",
      check = "who makes tables on the way")
  static void nothingToDo(ClauseContext c) {
    try (ModelRig rig = new ModelRig(c)) {
      long tables = rig.machine().tables();
      long page = c.geometry().pageBytes();
      for (long va : Samples.pages(c, 4)) {
        rig.unmap(va, page);
        rig.protect(va, page, Protection.PAGE_READONLY);
      }
      VaRegion region = c.geometry().vaLayout().regions().getFirst();
      long all = region.lastVa() - region.firstVa() + 1;
      if (all > 0) {
        rig.unmap(region.firstVa(), all);
        rig.protect(region.firstVa(), all, Protection.PAGE_READONLY);
      }
      rig.judge();
      c.check(rig.machine().tables() == tables, tables + " tables", rig.machine().tables());
    }
  }

  @Clause(
      id = "MAP-14",
      text = "Two address spaces on one machine do not disturb each other",
      source = "kernel: mm_struct; page_table_multiarch: tables leaked on drop",
      check = "state that is kept per machine instead of per tables")
  static void twoAddressSpaces(ClauseContext c) {
    Machine machine = c.machine();
    long page = c.geometry().pageBytes();
    long va = Samples.pages(c, 1).getLast();
    try (PageTable first = machine.pageTable(TableOwner.USER);
        PageTable second = machine.pageTable(TableOwner.USER)) {
      Rig one = new Rig(c, machine, first);
      Rig two = new Rig(c, machine, second);
      one.map(va, 0, page, Protection.PAGE_SHARED);
      two.map(va, page, page, Protection.PAGE_SHARED);
      one.unmap(va, page);
      c.checkVa(
          one.reader().translate(va) == -1, va, "nothing in the first", one.reader().translate(va));
      c.checkVa(
          two.reader().translate(va) == page,
          va,
          ClauseContext.hex(page),
          two.reader().translate(va));
    }
  }

  @Clause(
      id = "MAP-15",
      text = "Closed, tables give back every frame, roots and large leaves' tables too",
      source = "bug class 17: tables leak on drop (page_table_multiarch #22)",
      check = "freeAll: entries that are taken for leaves or tables by mistake")
  static void closeFreesEverything(ClauseContext c) {
    Machine machine = c.machine();
    long free = machine.frames().freeFrames();
    PageTable table = machine.pageTable(TableOwner.USER);
    Rig rig = new Rig(c, machine, table);
    for (long va : Samples.pages(c, 6)) {
      rig.map(va, Samples.physAddr(c, Level.PTE), c.geometry().pageBytes(), Protection.PAGE_SHARED);
    }
    table.close();
    c.check(machine.tables() == 0, "0 tables", machine.tables());
    c.check(
        machine.frames().freeFrames() == free,
        free + " free frames",
        machine.frames().freeFrames());
  }

  @Clause(
      id = "MAP-16",
      text = "The entries next to a changed one keep their bytes",
      source = "kernel: set_pte; 4-byte entries and stores in halves",
      check = "width and address of stores")
  static void neighboursKeepTheirBytes(ClauseContext c) {
    long page = c.geometry().pageBytes();
    long va = c.geometry().vaLayout().regions().getFirst().firstVa();
    try (ModelRig rig = new ModelRig(c)) {
      rig.map(va, 0, 3 * page, Protection.PAGE_SHARED, Level.PTE);
      List<Long> before = raws(rig, va, page);
      rig.unmap(va + page, page);
      List<Long> after = raws(rig, va, page);
      c.checkVa(
          after.getFirst().equals(before.getFirst()),
          va,
          ClauseContext.hex(before.getFirst()),
          after.getFirst());
      c.checkVa(
          after.getLast().equals(before.getLast()),
          va + 2 * page,
          ClauseContext.hex(before.getLast()),
          after.getLast());
      long empty = c.format().empty(Level.PTE);
      c.checkVa(
          after.get(1) == empty, va + page, "empty, " + ClauseContext.hex(empty), after.get(1));
    }
  }

  @Clause(
      id = "MAP-17",
      text = "Every table can be found again from its frame, with the first address that it serves",
      source = "R2.39: from an arbitrary table page one finds its place in the tree",
      check = "TableDescriptors: firstVa of tables made by map and by split")
  static void tablesAreFoundFromFrames(ClauseContext c) {
    Level level = c.hugeLevels().getLast();
    try (ModelRig rig = new ModelRig(c)) {
      long va = alignedVa(c, level);
      rig.map(va, 0, Samples.spanBytes(c.geometry(), level), Protection.PAGE_SHARED, level);
      rig.unmap(va, c.geometry().pageBytes());
      for (ReferenceReader.Table table : rig.reader().contents().tables()) {
        List<Long> ids = new ArrayList<>();
        rig.machine().space().descriptors().forEachInFrame(table.tableAddr(), ids::add);
        boolean found =
            ids.stream()
                .anyMatch(
                    id -> rig.machine().space().descriptors().tableAddr(id) == table.tableAddr());
        c.check(
            found, table.level(), "a descriptor for " + ClauseContext.hex(table.tableAddr()), ids);
        long id = rig.machine().space().descriptors().id(table.tableAddr());
        long firstVa = rig.machine().space().descriptors().firstVa(id);
        boolean root = table.level() == c.realLevels().getFirst();
        c.check(
            root || firstVa == table.va(),
            table.level(),
            "first address " + ClauseContext.hex(table.va()),
            firstVa);
      }
    }
  }

  @RestsOn({"MAP-04", "MAP-12"})
  @Clause(
      id = "MAP-19",
      text =
          "A range over memory in which any bit of the address changes maps each leaf where its memory is",
      source = "Arm ARM DDI 0487, D8.3.1: of 52 bits of an address the highest lie below the rest",
      check = "entries that are made from the one before them")
  static void everyBitOfAnAddressMayChange(ClauseContext c) {
    for (Level level : c.leafLevels()) {
      long span = Samples.spanBytes(c.geometry(), level);
      long last = Samples.lastPhysAddr(c.geometry(), level);
      long va = alignedVa(c, level);
      try (ModelRig rig = new ModelRig(c)) {
        for (long bit = 2 * span; bit > 0 && bit <= last - span; bit <<= 1) {
          rig.map(va, bit - 2 * span, 4 * span, Protection.PAGE_SHARED, level);
          rig.judge();
          rig.unmap(va, 4 * span);
        }
      }
    }
  }

  private static List<Long> raws(ModelRig rig, long va, long page) {
    return List.of(
        rig.reader().path(va).getLast().raw(),
        rig.reader().path(va + page).getLast().raw(),
        rig.reader().path(va + 2 * page).getLast().raw());
  }

  /** An address that a leaf of the level can start at. */
  static long alignedVa(ClauseContext c, Level level) {
    long span = Samples.spanBytes(c.geometry(), level);
    for (VaRegion region : c.geometry().vaLayout().regions()) {
      long va = Samples.randomVa(c, region) & -span;
      if (Long.compareUnsigned(region.firstVa(), va) <= 0 && region.contains(va + span - 1)) {
        return va;
      }
    }
    throw c.notApplicable(
        "no region of " + c.variant().id() + " holds an aligned " + level + " leaf");
  }
}
