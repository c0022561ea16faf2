package org.mmport.conformance;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.mmport.pgtable.FlushRequest;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.UndischargedDutyException;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.TlbDuty;

/** FLUSH 20 to 39: that what is due is done: all of it, no more, and in the right order. */
@RestsOn({
  "FMT-20",
  "FMT-21",
  "FMT-53",
  "FMT-60",
  "FMT-61",
  "FLUSH-01",
  "FLUSH-02",
  "FLUSH-04",
  "FLUSH-06",
  "FLUSH-08",
  "FLUSH-10",
  "FLUSH-14"
})
final class FlushClauses {
  private FlushClauses() {}

  @Clause(
      id = "FLUSH-20",
      text =
          "Unmapping one page of many flushes that page's addresses, exactly, whatever the page's size",
      source = "bug class 1: TLBI operands of the wrong granule; range against stride",
      check = "the range of the request: first and last address, for pages of all sizes")
  static void onePageIsFlushedExactly(ClauseContext c) {
    long page = c.geometry().pageBytes();
    try (ModelRig rig = new ModelRig(c)) {
      long va = c.geometry().vaLayout().regions().getFirst().firstVa();
      rig.map(va, 0, 4 * page, Protection.PAGE_SHARED, Level.PTE);
      rig.rig().takeFlushes();
      rig.unmap(va + page, page);
      exactly(c, rig.rig().takeFlushes(), va + page, va + 2 * page - 1);
    }
  }

  @Clause(
      id = "FLUSH-21",
      text = "A large leaf is flushed for all that it maps",
      source = "bug class 1; kernel: flush_tlb_range with stride",
      check = "the range of the request for leaves above PTE")
  static void largeLeafIsFlushedWhole(ClauseContext c) {
    for (Level level : c.hugeLevels()) {
      try (ModelRig rig = new ModelRig(c)) {
        long va = MapClauses.alignedVa(c, level);
        long span = Samples.spanBytes(c.geometry(), level);
        rig.map(va, 0, span, Protection.PAGE_SHARED, level);
        rig.rig().takeFlushes();
        rig.protect(va, span, Protection.PAGE_NONE);
        exactly(c, rig.rig().takeFlushes(), va, va + span - 1);
      }
    }
  }

  @Clause(
      id = "FLUSH-22",
      text =
          "What is flushed covers every entry that changed and owes something, and nothing beside",
      source = "R2.23 and the gather: both too much and too little are wrong",
      check = "the message's address against the change of its entry; MmuGather.add")
  static void flushesMatchChanges(ClauseContext c) {
    long page = c.geometry().pageBytes();
    try (ModelRig rig = new ModelRig(c)) {
      long va = c.geometry().vaLayout().regions().getFirst().firstVa();
      rig.map(va, 0, 16 * page, Protection.PAGE_SHARED, Level.PTE);
      for (int i = 0; i < 24; i++) {
        long first = c.random().nextInt(12);
        long count = 1L + c.random().nextInt(4);
        Protection protection = Samples.USER.get(c.random().nextInt(Samples.USER.size()));
        Map<Long, ReferenceReader.Entry> before = entries(rig);
        rig.rig().takeFlushes();
        if (c.random().nextInt(4) == 0 && count < 4) {
          rig.unmap(va + first * page, count * page);
        } else {
          rig.protect(va + first * page, count * page, protection);
        }
        judge(c, before, entries(rig), rig.rig().takeFlushes());
      }
    }
  }

  @Clause(
      id = "FLUSH-23",
      text =
          "A range with nothing to change flushes nothing: nothing mapped, or the same protection again",
      source = "kernel: change_protection flushes only if pages changed",
      check = "duties that are added without a change")
  static void nothingChangedNothingFlushed(ClauseContext c) {
    long page = c.geometry().pageBytes();
    try (ModelRig rig = new ModelRig(c)) {
      long va = c.geometry().vaLayout().regions().getFirst().firstVa();
      rig.unmap(va, 4 * page);
      rig.protect(va, 4 * page, Protection.PAGE_READONLY);
      none(c, rig.rig().takeFlushes(), "where nothing is mapped");
      rig.map(va, 0, 4 * page, Protection.PAGE_READONLY, Level.PTE);
      rig.rig().takeFlushes();
      rig.protect(va, 4 * page, Protection.PAGE_READONLY);
      none(c, rig.rig().takeFlushes(), "for the same protection again");
    }
  }

  @Clause(
      id = "FLUSH-24",
      text = "Mapping where nothing was flushes nothing, where root entries are not cached",
      source = "Intel SDM volume 3A, 4.10.4.3: no invalidation when P goes from 0 to 1",
      check = "duties that map adds",
      absent = MmuFeature.ROOT_ENTRIES_CACHED)
  static void mappingFlushesNothing(ClauseContext c) {
    long page = c.geometry().pageBytes();
    try (ModelRig rig = new ModelRig(c)) {
      for (long va : Samples.pages(c, 4)) {
        rig.map(va, 0, page, Protection.PAGE_SHARED, Level.PTE);
      }
      none(c, rig.rig().takeFlushes(), "for a first mapping");
    }
  }

  @Clause(
      id = "FLUSH-25",
      text = "When the flush runs, entries are gone already and no table is free yet",
      source = "bug class 13 (tgoskits #2009): frames freed before the flush; kernel: mmu_gather",
      check = "the order: unhook, flush, free")
  static void unhookThenFlushThenFree(ClauseContext c) {
    long page = c.geometry().pageBytes();
    Level above = c.tableLevels().getLast();
    try (ModelRig rig = new ModelRig(c)) {
      long va = c.geometry().vaLayout().regions().getFirst().firstVa();
      rig.map(va, 0, page, Protection.PAGE_SHARED, Level.PTE);
      long tables = rig.machine().tables();
      List<String> wrong = new ArrayList<>();
      List<FlushScope> scopes = new ArrayList<>();
      try (MmuGather gather =
          rig.table()
              .gather(
                  request -> {
                    scopes.add(request.duty().scope());
                    if (rig.reader().translate(va) != -1) {
                      wrong.add("the page is still mapped");
                    }
                    if (rig.machine().tables() != tables) {
                      wrong.add("a table is free already");
                    }
                  })) {
        rig.table().unmap(va, page, gather);
        c.check(
            rig.machine().tables() == tables,
            tables + " tables before the flush",
            rig.machine().tables());
        gather.flush();
      }
      c.check(wrong.isEmpty(), "the order unhook, flush, free", wrong);
      c.check(
          scopes.stream().anyMatch(s -> s.compareTo(FlushRuleClauses.ofTables(c)) >= 0),
          above,
          "a flush of " + FlushRuleClauses.ofTables(c) + " for the table",
          scopes);
      c.check(
          rig.machine().tables() < tables, "tables freed after the flush", rig.machine().tables());
    }
  }

  @Clause(
      id = "FLUSH-26",
      text = "No memory that was a table is handed out again before the flush",
      source = "bug class 13; no TLB entry for a freed table",
      check = "who gives frames back, and when")
  static void unhookedTablesAreNotReused(ClauseContext c) {
    long page = c.geometry().pageBytes();
    c.tableLevels();
    try (ModelRig rig = new ModelRig(c)) {
      long va = c.geometry().vaLayout().regions().getFirst().firstVa();
      rig.map(va, 0, page, Protection.PAGE_SHARED, Level.PTE);
      List<ReferenceReader.Table> old = rig.reader().contents().tables();
      try (MmuGather gather = rig.table().gather(request -> {})) {
        rig.table().unmap(va, page, gather);
        for (int i = 0; i < 8; i++) {
          long frame = rig.machine().frames().alloc(0, 0);
          for (ReferenceReader.Table table : old) {
            boolean reused = table.tableAddr() >= frame && table.tableAddr() < frame + page;
            c.check(
                !reused,
                table.level(),
                "the table's memory kept until the flush",
                "handed out at " + ClauseContext.hex(frame));
          }
        }
        gather.flush();
      }
    }
  }

  @Clause(
      id = "FLUSH-27",
      text = "A gather that is closed with a duty undischarged throws, and says what it owes",
      source = "x86_64 crate: MapperFlush; Zircon: the pending list must be empty",
      check = "MmuGather.close")
  static void forgottenFlushThrows(ClauseContext c) {
    long page = c.geometry().pageBytes();
    try (ModelRig rig = new ModelRig(c)) {
      long va = c.geometry().vaLayout().regions().getFirst().firstVa();
      rig.map(va, 0, page, Protection.PAGE_SHARED, Level.PTE);
      MmuGather gather = rig.table().gather(request -> {});
      rig.table().unmap(va, page, gather);
      c.check(!gather.isDischarged(), "a duty after unmap", "none");
      try {
        gather.close();
        throw c.failure("", "UndischargedDutyException", "nothing");
      } catch (UndischargedDutyException e) {
        String message = String.valueOf(e.getMessage());
        c.check(message.contains("%x".formatted(va)), "the range in the message", message);
      }
      gather.flush();
      gather.close();
    }
  }

  @Clause(
      id = "FLUSH-28",
      text = "If the flusher fails, all is still owed and nothing is freed",
      source = "the gather is must-use",
      check = "MmuGather.flush: state before and after the flusher")
  static void failedFlushIsStillOwed(ClauseContext c) {
    long page = c.geometry().pageBytes();
    try (ModelRig rig = new ModelRig(c)) {
      long va = c.geometry().vaLayout().regions().getFirst().firstVa();
      rig.map(va, 0, page, Protection.PAGE_SHARED, Level.PTE);
      long tables = rig.machine().tables();
      List<FlushRequest> seen = new ArrayList<>();
      MmuGather gather =
          rig.table()
              .gather(
                  request -> {
                    seen.add(request);
                    if (seen.size() == 1) {
                      throw new UnsupportedOperationException("this flush fails");
                    }
                  });
      rig.table().unmap(va, page, gather);
      try {
        gather.flush();
        throw c.failure("", "the flusher's exception", "nothing");
      } catch (UnsupportedOperationException e) {
        c.check(!gather.isDischarged(), "the duty still owed", "discharged");
        c.check(rig.machine().tables() == tables, tables + " tables", rig.machine().tables());
      }
      gather.flush();
      gather.close();
      c.check(seen.size() == 2 && seen.get(0).equals(seen.get(1)), "the same request again", seen);
    }
  }

  @Clause(
      id = "FLUSH-29",
      text = "A gather over several changes flushes what covers them all",
      source = "kernel: __tlb_adjust_range",
      check = "MmuGather.add: minimum and maximum, unsigned")
  static void oneFlushForManyChanges(ClauseContext c) {
    long page = c.geometry().pageBytes();
    try (ModelRig rig = new ModelRig(c)) {
      List<Long> pages = Samples.pages(c, 2);
      for (long va : pages) {
        rig.map(va, 0, page, Protection.PAGE_SHARED, Level.PTE);
      }
      List<FlushRequest> flushes = new ArrayList<>();
      try (MmuGather gather = rig.table().gather(flushes::add)) {
        for (long va : pages) {
          rig.table().protect(va, page, Protection.PAGE_NONE, gather);
        }
        gather.flush();
      }
      for (long va : pages) {
        c.checkVa(
            flushes.stream().anyMatch(f -> covers(f, va) && covers(f, va + page - 1)),
            va,
            "a flush of it",
            flushes);
      }
    }
  }

  @RestsOn({"FLUSH-11", "FLUSH-16"})
  @Clause(
      id = "FLUSH-30",
      text = "Where a duty says break-before-make, the entry is empty while its flush runs",
      source = "Arm ARM, D8.16; tgoskits #2065: split without break",
      check = "split: clear, flush, then store the table",
      requires = MmuFeature.BREAK_BEFORE_MAKE)
  static void breakBeforeMakeOrder(ClauseContext c) {
    long page = c.geometry().pageBytes();
    for (Level level : c.hugeLevels()) {
      try (ModelRig rig = new ModelRig(c)) {
        long va = MapClauses.alignedVa(c, level);
        rig.map(va, 0, Samples.spanBytes(c.geometry(), level), Protection.PAGE_SHARED, level);
        List<Long> seen = new ArrayList<>();
        try (MmuGather gather =
            rig.table()
                .gather(
                    request -> {
                      if (request.duty().breakBeforeMake()) {
                        seen.add(rig.reader().path(va).getLast().raw());
                      }
                    })) {
          rig.table().protect(va, page, Protection.PAGE_READONLY, gather);
          gather.flush();
        }
        c.check(seen.size() == 1 || seen.size() == 2, level, "a flush for break-before-make", seen);
        c.check(
            c.format().none(seen.getFirst(), level),
            level,
            seen.getFirst(),
            "an empty entry during the flush",
            "an entry");
      }
    }
  }

  @RestsOn("FMT-38")
  @Clause(
      id = "FLUSH-31",
      text = "A flush of a global leaf says that global translations are among it",
      source = "Intel SDM volume 3A, 4.10.2.4: loading CR3 leaves global entries",
      check = "FlushRequest.global",
      requires = MmuFeature.GLOBAL_PAGES)
  static void globalLeavesAreFlushedAsSuch(ClauseContext c) {
    long page = c.geometry().pageBytes();
    long va = c.geometry().vaLayout().regions().getLast().firstVa();
    for (Protection protection : List.of(Protection.PAGE_KERNEL, Protection.PAGE_SHARED)) {
      try (ModelRig rig = new ModelRig(c)) {
        rig.rig().map(va, 0, page, protection);
        rig.rig().takeFlushes();
        rig.rig().unmap(va, page);
        boolean global = rig.rig().takeFlushes().stream().anyMatch(FlushRequest::global);
        boolean expected = protection.equals(Protection.PAGE_KERNEL);
        c.checkVa(global == expected, va, "global=" + expected + " for " + protection, global);
      }
    }
  }

  @RestsOn({"GEO-04", "FMT-05", "FMT-29", "FMT-55", "FMT-83", "FLUSH-11", "FLUSH-16", "FLUSH-30"})
  @Clause(
      id = "FLUSH-32",
      text =
          "If the flush of a break-before-make fails, all maps as before, and can be changed again",
      source = "a failed request changes nothing; the entry is empty while it is flushed",
      check = "split: what is stored back, and the table that was taken",
      requires = MmuFeature.BREAK_BEFORE_MAKE)
  static void failedBreakLosesNothing(ClauseContext c) {
    for (Level level : c.hugeLevels()) {
      try (ModelRig rig = new ModelRig(c)) {
        long va = MapClauses.alignedVa(c, level);
        rig.map(va, 0, Samples.spanBytes(c.geometry(), level), Protection.PAGE_SHARED, level);
        protectFails(c, rig, va, c.geometry().pageBytes(), Protection.PAGE_READONLY);
      }
    }
  }

  /** Changes rights with a flusher that fails in the midst of it, and then with one that works. */
  static void protectFails(
      ClauseContext c, ModelRig rig, long va, long sizeBytes, Protection protection) {
    long tables = rig.machine().tables();
    MmuGather gather =
        rig.table()
            .gather(
                request -> {
                  throw new UnsupportedOperationException("this flush fails");
                });
    try {
      rig.table().protect(va, sizeBytes, protection, gather);
      throw c.failure(" va=" + ClauseContext.hex(va), "the flusher's exception", "nothing");
    } catch (UnsupportedOperationException e) {
      rig.judge();
      c.checkVa(rig.machine().tables() == tables, va, tables + " tables", rig.machine().tables());
    }
    rig.protect(va, sizeBytes, protection);
    rig.judge();
  }

  private static Map<Long, ReferenceReader.Entry> entries(ModelRig rig) {
    Map<Long, ReferenceReader.Entry> all = new HashMap<>();
    rig.reader().contents().entries().forEach(entry -> all.put(entry.entryAddr(), entry));
    return all;
  }

  /** Adds up what the changes of single entries owe, and compares it with what was asked for. */
  private static void judge(
      ClauseContext c,
      Map<Long, ReferenceReader.Entry> before,
      Map<Long, ReferenceReader.Entry> after,
      List<FlushRequest> flushes) {
    FlushScope scope = FlushScope.NONE;
    long first = -1;
    long last = 0;
    for (ReferenceReader.Entry old : before.values()) {
      ReferenceReader.Entry now = after.get(old.entryAddr());
      long raw = now == null ? c.format().empty(old.level()) : now.raw();
      TlbDuty duty = c.variant().tlbRules().duty(old.raw(), raw, old.level());
      if (!duty.isNone()) {
        scope = duty.scope().compareTo(scope) > 0 ? duty.scope() : scope;
        long end = old.va() + Samples.spanBytes(c.geometry(), old.level()) - 1;
        first = Long.compareUnsigned(old.va(), first) < 0 ? old.va() : first;
        last = Long.compareUnsigned(end, last) > 0 ? end : last;
        c.checkVa(
            flushes.stream().anyMatch(f -> covers(f, old.va())),
            old.level(),
            old.va(),
            old.raw(),
            "a flush of it",
            flushes);
      }
    }
    for (FlushRequest flush : flushes) {
      boolean within =
          Long.compareUnsigned(first, flush.firstVa()) <= 0
              && Long.compareUnsigned(flush.lastVa(), last) <= 0;
      c.checkVa(within, flush.firstVa(), "no flush beside what changed", flush);
      c.checkVa(
          flush.duty().scope().compareTo(scope) <= 0,
          flush.firstVa(),
          "a flush no deeper than " + scope,
          flush);
    }
  }

  private static void exactly(ClauseContext c, List<FlushRequest> flushes, long first, long last) {
    c.checkVa(flushes.size() == 1, first, "one flush", flushes);
    FlushRequest flush = flushes.getFirst();
    c.checkVa(
        flush.firstVa() == first && flush.lastVa() == last,
        first,
        "a flush up to " + ClauseContext.hex(last),
        flush);
  }

  private static void none(ClauseContext c, List<FlushRequest> flushes, String when) {
    c.check(flushes.isEmpty(), "no flush " + when, flushes);
  }

  private static boolean covers(FlushRequest flush, long va) {
    return Long.compareUnsigned(flush.firstVa(), va) <= 0
        && Long.compareUnsigned(va, flush.lastVa()) <= 0;
  }
}
