package org.mmport.conformance;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;
import org.mmport.spi.VaRegion;

/** MAP 30 to 49: what is refused, and that a refusal changes nothing. */
@RestsOn({
  "FMT-10", "FMT-20", "FMT-21", "FMT-23", "FMT-25", "FMT-28", "FMT-29", "FMT-30", "FMT-40",
  "FMT-42", "FMT-53", "FMT-55", "FMT-60", "FMT-61", "FMT-63", "FMT-71"
})
final class MapRefusalClauses {
  private static final int MAX_ALLOCATIONS = 64;

  private MapRefusalClauses() {}

  @Clause(
      id = "MAP-30",
      text =
          "A map that overlaps anything is refused and changes nothing: pages, ranges and large leaves",
      source = "bad input: overlapping map; seL4 #967: one rule for every architecture",
      check = "that map looks at the whole range before it stores anything")
  static void overlapIsRefused(ClauseContext c) {
    long page = c.geometry().pageBytes();
    try (ModelRig rig = new ModelRig(c)) {
      long va = c.geometry().vaLayout().regions().getFirst().firstVa();
      rig.map(va + 2 * page, 0, page, Protection.PAGE_SHARED, Level.PTE);
      unchanged(
          c,
          rig,
          "a map over a page",
          () -> rig.rig().map(va + 2 * page, page, page, Protection.PAGE_READONLY));
      unchanged(
          c,
          rig,
          "a range whose end is mapped",
          () -> rig.rig().map(va, page, 3 * page, Protection.PAGE_READONLY));
      for (Level level : c.leafLevels()) {
        long span = Samples.spanBytes(c.geometry(), level);
        if (level != Level.PTE && c.geometry().vaLayout().regionOf(va + span - 1).isPresent()) {
          unchanged(
              c,
              rig,
              "a " + level + " leaf over a page",
              () -> rig.rig().map(va, 0, span, Protection.PAGE_READONLY, level));
        }
      }
    }
  }

  @Clause(
      id = "MAP-31",
      text = "A map into a large leaf is refused and changes nothing",
      source = "bad input: overlapping map",
      check = "that a leaf above PTE counts as in use")
  static void overlapWithLargeLeafIsRefused(ClauseContext c) {
    for (Level level : c.hugeLevels()) {
      try (ModelRig rig = new ModelRig(c)) {
        long va = MapClauses.alignedVa(c, level);
        long span = Samples.spanBytes(c.geometry(), level);
        rig.map(va, 0, span, Protection.PAGE_SHARED, level);
        long page = c.geometry().pageBytes();
        unchanged(
            c,
            rig,
            "a page in a " + level + " leaf",
            () -> rig.rig().map(va + span - page, 0, page, Protection.PAGE_READONLY));
      }
    }
  }

  @Clause(
      id = "MAP-32",
      text = "A swap entry is in use: a map over it is refused, unmap takes it away",
      source = "kernel: set_ptes demands none; zap_pte_range frees swap entries",
      check = "none against present in map and unmap")
  static void swapEntryIsInUse(ClauseContext c) {
    long page = c.geometry().pageBytes();
    try (ModelRig rig = new ModelRig(c)) {
      long va = c.geometry().vaLayout().regions().getFirst().firstVa();
      rig.map(va, 0, 2 * page, Protection.PAGE_SHARED, Level.PTE);
      ReferenceReader.Entry entry = rig.reader().path(va).getLast();
      rig.machine().bytes().store(entry.entryAddr(), c.format().mkSwap(1, 1, Level.PTE));
      unchanged(
          c,
          rig,
          "a map over a swap entry",
          () -> rig.rig().map(va, page, page, Protection.PAGE_SHARED));
      rig.unmap(va, page);
      rig.judge();
    }
  }

  @Clause(
      id = "MAP-33",
      text =
          "Addresses and sizes that are not whole pages are refused, and so are sizes of 0 and below",
      source = "bad input: unaligned address",
      check = "alignment of va, physical address and size")
  static void unalignedIsRefused(ClauseContext c) {
    long page = c.geometry().pageBytes();
    try (ModelRig rig = new ModelRig(c)) {
      long va = c.geometry().vaLayout().regions().getFirst().firstVa() + page;
      Protection rw = Protection.PAGE_SHARED;
      unchanged(c, rig, "an unaligned va", () -> rig.rig().map(va + 8, 0, page, rw));
      unchanged(
          c, rig, "an unaligned physical address", () -> rig.rig().map(va, page / 2, page, rw));
      unchanged(c, rig, "half a page", () -> rig.rig().map(va, 0, page / 2, rw));
      unchanged(c, rig, "a map of 0 bytes", () -> rig.rig().map(va, 0, 0, rw));
      unchanged(c, rig, "a map of -1 pages", () -> rig.rig().map(va, 0, -page, rw));
      unchanged(c, rig, "an unaligned unmap", () -> rig.rig().unmap(va + 8, page));
      unchanged(c, rig, "an unmap of 0 bytes", () -> rig.rig().unmap(va, 0));
      unchanged(c, rig, "an unaligned protect", () -> rig.rig().protect(va, page + 8, rw));
    }
  }

  @Clause(
      id = "MAP-34",
      text = "Memory beyond the physical addresses that entries can hold is refused",
      source = "bad input: address past physical memory; kernel: pfn_valid, phys_addr_valid",
      check = "paBits, and the last byte of a range")
  static void beyondPhysicalAddresses(ClauseContext c) {
    long page = c.geometry().pageBytes();
    if (c.geometry().paBits() >= 63) {
      throw c.notApplicable(c.variant().id() + " has physical addresses of 63 bits and more");
    }
    long limit = 1L << c.geometry().paBits();
    try (ModelRig rig = new ModelRig(c)) {
      long va = c.geometry().vaLayout().regions().getFirst().firstVa();
      unchanged(
          c,
          rig,
          "a page at 2^paBits",
          () -> rig.rig().map(va, limit, page, Protection.PAGE_SHARED));
      unchanged(
          c,
          rig,
          "a range that ends behind it",
          () -> rig.rig().map(va, limit - page, 2 * page, Protection.PAGE_SHARED));
      unchanged(
          c,
          rig,
          "a negative address",
          () -> rig.rig().map(va, -page, page, Protection.PAGE_SHARED));
      rig.map(va, limit - page, page, Protection.PAGE_SHARED, Level.PTE);
      rig.judge();
    }
  }

  @Clause(
      id = "MAP-39",
      text =
          "Where large leaves reach further than pages, memory out there is mapped by them alone and stays whole",
      source = "Intel SDM volume 3A, 4.3: PSE-36; bad input: address past physical memory",
      check = "LevelGeometry.leafPaBits in map, and in splits of unmap and protect")
  static void beyondWhatPagesReach(ClauseContext c) {
    List<Level> further =
        c.hugeLevels().stream()
            .filter(level -> c.geometry().paBits(level) > c.geometry().paBits())
            .toList();
    if (further.isEmpty()) {
      throw c.notApplicable(c.variant().id() + " has no leaves that reach further than pages");
    }
    long page = c.geometry().pageBytes();
    for (Level level : further) {
      long span = Samples.spanBytes(c.geometry(), level);
      long physAddr = Samples.lastPhysAddr(c.geometry(), level);
      long va = c.geometry().vaLayout().regions().getFirst().firstVa() + span;
      Protection rw = Protection.PAGE_SHARED;
      try (ModelRig rig = new ModelRig(c)) {
        unchanged(
            c, rig, "pages out there", () -> rig.rig().map(va, physAddr, span, rw, Level.PTE));
        unchanged(
            c, rig, "part of a leaf", () -> rig.rig().map(va, physAddr, span - page, rw, level));
        rig.map(va, physAddr, span, rw, level);
        unchanged(c, rig, "unmap of a part", () -> rig.rig().unmap(va + page, page));
        unchanged(
            c,
            rig,
            "protect of a part",
            () -> rig.rig().protect(va, page, Protection.PAGE_READONLY));
        rig.judge();
        rig.unmap(va, span);
        rig.judge();
      }
    }
  }

  @Clause(
      id = "MAP-35",
      text =
          "Ranges that leave a region, wrap around or start outside are refused by map, unmap and protect",
      source = "bad input: non-canonical address; bug class 10; R0.20",
      check = "that both ends are in one region, with unsigned comparison")
  static void outsideRegionsIsRefused(ClauseContext c) {
    long page = c.geometry().pageBytes();
    Protection rw = Protection.PAGE_SHARED;
    try (ModelRig rig = new ModelRig(c)) {
      Still still = Still.of(c, rig);
      for (VaRegion region : c.geometry().vaLayout().regions()) {
        long last = region.lastVa() - page + 1;
        still.refuses(
            "a map that leaves " + region.name(), () -> rig.rig().map(last, 0, 2 * page, rw));
        still.refuses(
            "an unmap that leaves " + region.name(), () -> rig.rig().unmap(last, 2 * page));
        still.refuses(
            "a protect that leaves " + region.name(), () -> rig.rig().protect(last, 2 * page, rw));
      }
      for (long va : Samples.nonCanonical(c)) {
        long outside = va & -page;
        if (c.geometry().vaLayout().regionOf(outside).isEmpty()) {
          still.refuses("a map outside all regions", () -> rig.rig().map(outside, 0, page, rw));
          still.refuses("an unmap outside all regions", () -> rig.rig().unmap(outside, page));
          still.refuses(
              "a protect outside all regions", () -> rig.rig().protect(outside, page, rw));
        }
      }
    }
  }

  @Clause(
      id = "MAP-36",
      text = "Out of memory at any allocation of a map leaves tables and counts as they were",
      source = "R2.40, R3.26: out of memory leaves the state as it was",
      check =
          "that tables are allocated before anything is changed, and go back when one is missing")
  static void outOfMemoryInMap(ClauseContext c) {
    Level above = c.tableLevels().getLast();
    long page = c.geometry().pageBytes();
    VaRegion region = c.geometry().vaLayout().regions().getLast();
    long span = Samples.spanBytes(c.geometry(), above);
    // Reaches into two tables of the last level where the region has two.
    long va =
        region.contains(region.firstVa() + span)
            ? region.firstVa() + span - page
            : region.firstVa();
    try (ModelRig rig = new ModelRig(c)) {
      exhausted(c, rig, () -> rig.rig().map(va, 0, 2 * page, Protection.PAGE_SHARED));
      rig.rig().unmap(va, 2 * page);
      rig.judge();
    }
  }

  @Clause(
      id = "MAP-37",
      text = "Out of memory when a large leaf must be split leaves everything as it was",
      source = "R2.40, R3.26",
      check = "split in unmap and protect: tables are taken before the leaf goes")
  static void outOfMemoryInSplit(ClauseContext c) {
    long page = c.geometry().pageBytes();
    for (Level level : c.hugeLevels()) {
      long va = MapClauses.alignedVa(c, level);
      long span = Samples.spanBytes(c.geometry(), level);
      try (ModelRig rig = new ModelRig(c)) {
        rig.map(va, 0, span, Protection.PAGE_SHARED, level);
        exhausted(c, rig, () -> rig.rig().protect(va + page, page, Protection.PAGE_READONLY));
      }
      try (ModelRig rig = new ModelRig(c)) {
        rig.map(va, 0, span, Protection.PAGE_SHARED, level);
        exhausted(c, rig, () -> rig.rig().unmap(va + page, page));
      }
    }
  }

  @Clause(
      id = "MAP-38",
      text = "Out of memory for a root leaves nothing allocated",
      source = "R2.40; variants of two roots",
      check = "PageTable.create: the first root goes back when there is none for the second")
  static void outOfMemoryForRoots(ClauseContext c) {
    Machine machine = c.machine();
    long free = machine.frames().freeFrames();
    for (int permitted = 0; permitted < c.geometry().vaLayout().roots(); permitted++) {
      machine.permitAllocations(permitted);
      try {
        machine.pageTable(TableOwner.USER).close();
        throw c.failure("", "OutOfFramesException", "tables");
      } catch (OutOfFramesException e) {
        c.check(machine.tables() == 0, "0 tables", machine.tables());
        c.check(
            machine.frames().freeFrames() == free,
            free + " free frames",
            machine.frames().freeFrames());
      }
    }
  }

  /** Fails each allocation of an action in turn, until it has all that it asks for. */
  private static void exhausted(ClauseContext c, ModelRig rig, Runnable action) {
    for (int permitted = 0; permitted < MAX_ALLOCATIONS; permitted++) {
      long tables = rig.machine().tables();
      long free = rig.machine().frames().freeFrames();
      String before = state(rig);
      rig.rig().takeFlushes();
      rig.machine().permitAllocations(permitted);
      try {
        action.run();
        rig.machine().permitAllAllocations();
        c.check(permitted > 0, "an action that allocates", "none");
        return;
      } catch (OutOfFramesException e) {
        rig.machine().permitAllAllocations();
        c.check(
            rig.machine().tables() == tables,
            tables + " tables after allocation " + permitted,
            rig.machine().tables());
        c.check(
            rig.machine().frames().freeFrames() == free,
            free + " free frames",
            rig.machine().frames().freeFrames());
        c.check(state(rig).equals(before), "entries as before", "others");
        c.check(rig.rig().takeFlushes().isEmpty(), "nothing flushed", "a flush");
      }
    }
    throw c.failure("", "an action of few allocations", MAX_ALLOCATIONS + " and more");
  }

  private static void unchanged(ClauseContext c, ModelRig rig, String what, Runnable action) {
    Still.of(c, rig).refuses(what, action);
  }

  /** Memory and tables as they were before actions that must be refused. */
  private record Still(ClauseContext c, Machine machine, long tables, MemorySegment memory) {
    private static final long WATCHED_BYTES = 1 << 20;

    static Still of(ClauseContext c, ModelRig rig) {
      Machine machine = rig.machine();
      byte[] copy = watched(machine).toArray(ValueLayout.JAVA_BYTE);
      return new Still(c, machine, machine.tables(), MemorySegment.ofArray(copy));
    }

    private static MemorySegment watched(Machine machine) {
      PhysicalMemory all = machine.memory();
      return all.slice(0, Math.min(all.sizeBytes(), WATCHED_BYTES));
    }

    void refuses(String what, Runnable action) {
      c.refused(what, action);
      c.check(machine.tables() == tables, tables + " tables after " + what, machine.tables());
      long differs = memory.mismatch(watched(machine));
      c.check(
          differs == -1,
          "memory unchanged by " + what,
          "a change at " + ClauseContext.hex(differs));
    }
  }

  private static String state(ModelRig rig) {
    List<ReferenceReader.Entry> entries = rig.reader().contents().entries();
    return entries.toString();
  }
}
