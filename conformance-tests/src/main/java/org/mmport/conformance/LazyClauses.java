package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import org.mmport.cpu.Access;
import org.mmport.fork.ForkStrategies;
import org.mmport.fork.LazyCopy;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.MmCounters;
import org.mmport.pgtable.SharingCounts;
import org.mmport.scenario.Script;
import org.mmport.spi.Level;
import org.mmport.spi.Rights;

/** LAZY: page tables that processes share after a fork, until one of them changes one. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB"})
final class LazyClauses {
  /** Pages 0 to 39 lie on both sides of a boundary of tables of all levels. */
  private static final String PARENT =
      """
      start a
      mmap a 0 40 rw- private
      cpu0 store a 0 1
      cpu1 store a 1 2
      cpu0 store a 39 3
      """;

  private LazyClauses() {}

  // At fork.

  @Clause(
      id = "LAZY-01",
      text = "A fork makes the tables above those that it shares, and no other",
      source = "R3.2: copied tables of a lazy fork; On-Demand-Fork (EuroSys 2021): T1",
      check = "LazyCopy.copy: which level; PteTables.allocTo: what it makes")
  static void tablesAboveAreCopied(ClauseContext c) {
    for (LazyCopy way : ways(c)) {
      try (Scene scene = new Scene(c)) {
        scene.play(PARENT);
        MmCounters parent = scene.process("a").counters();
        long before = scene.bench().system().tablesInUse();
        scene.play("fork a b " + way.name());
        Level shared = shared(c, way);
        long expected = 0;
        for (Level level : c.realLevels()) {
          expected += level.compareTo(shared) < 0 ? parent.tables().of(level) : 0;
        }
        long made = scene.bench().system().tablesInUse() - before;
        c.check(made == expected, expected + " new tables by " + way.name(), made);
        MmCounters child = scene.process("b").counters();
        c.check(child.equals(parent), "the child to count what its parent does", child);
        long used = scene.bench().system().tableSharing().shared();
        c.check(
            used == parent.tables().of(shared),
            parent.tables().of(shared) + " shared tables",
            used);
      }
    }
  }

  @Clause(
      id = "LAZY-02",
      text =
          "Sharing changes no entry of the last level where tables can be write-protected above it; where not, it does so once, and never again",
      source = "R3.17, R3.18, R3.31: entries touched at fork; T2",
      check = "TableSharing.wrProtect: the use count before, and wrProtectTable")
  static void entriesAreLeftAlone(ClauseContext c) {
    ways(c);
    try (Scene scene = new Scene(c)) {
      scene.play(PARENT);
      List<ReferenceReader.Entry> before = leaves(scene, c, "a");
      scene.play("fork a b lazy");
      List<ReferenceReader.Entry> once = leaves(scene, c, "a");
      boolean above =
          (path(scene, c, "a").get(c.realLevels().size() - 2).rights() & Rights.WRITE) == 0;
      for (int i = 0; i < before.size(); i++) {
        ReferenceReader.Entry old = before.get(i);
        long raw = once.get(i).raw();
        c.checkVa(
            above ? raw == old.raw() : !c.format().write(raw, Level.PTE),
            old.va(),
            above ? "the entry as it was" : "an entry that cannot be written",
            raw);
      }
      scene.play("fork b c lazy\nfork a d lazy-all");
      List<ReferenceReader.Entry> again = leaves(scene, c, "a");
      for (int i = 0; i < once.size(); i++) {
        c.checkVa(
            again.get(i).raw() == once.get(i).raw(),
            once.get(i).va(),
            "the entry as the first fork left it",
            again.get(i).raw());
      }
    }
  }

  @Clause(
      id = "LAZY-03",
      text = "No CPU writes through a shared table that it could write through before the fork",
      source = "R3.17: the detail that the first design lacked; copy_page_range flushes too",
      check = "TableSharing.share: what the entry's change owes, over all that the table serves")
  static void rememberedRightsAreFlushed(ClauseContext c) {
    for (LazyCopy way : ways(c)) {
      try (Scene scene = new Scene(c)) {
        scene.play(PARENT);
        scene.play("cpu0 load a 39\ncpu1 load a 39");
        scene.play(
            """
            fork a b %s
            cpu1 store a 39 9
            cpu0 store a 1 8
            expect cpu0 load b 39 is 3
            expect cpu1 load b 1 is 2
            expect cpu0 load a 39 is 9
            expect cpu1 load a 1 is 8
            """
                .formatted(way.name()));
      }
    }
  }

  // What makes a copy, and what does not.

  @Clause(
      id = "LAZY-04",
      text =
          "A write copies the tables on its way that are shared, and no other; a read copies none; who comes last copies nothing",
      source = "R3.4, R3.5, R3.7, R3.11, R3.12, R3.19, R3.25; T5",
      check = "TableSharing.unshare and own; PageFaults.inPlace")
  static void writesCopy(ClauseContext c) {
    ways(c);
    try (Scene scene = new Scene(c)) {
      scene.play(PARENT);
      scene.play("fork a b lazy\nfork b c lazy");
      scene.play(
          """
          expect cpu0 load a 0 is 1
          expect cpu1 load b 39 is 3
          expect cpu1 load c 2 is 0
          expect cpu0 load b 2 is 0
          """);
      copied(c, scene, 0, "after reads");
      scene.play("cpu0 store b 0 5\ncpu0 store b 1 6\ncpu0 store b 5 7");
      copied(c, scene, 1, "after writes of one in one table");
      scene.play("cpu0 store b 39 8");
      copied(c, scene, 2, "after its write in another");
      scene.play("cpu1 store a 0 9");
      copied(c, scene, 3, "after the second's write");
      scene.play("cpu1 store c 0 10");
      copied(c, scene, 3, "after the last one's");
      scene.play(
          """
          expect cpu0 load a 0 is 9
          expect cpu0 load b 0 is 5
          expect cpu0 load c 0 is 10
          expect cpu0 load a 1 is 2
          expect cpu0 load b 1 is 6
          expect cpu0 load c 39 is 3
          expect cpu0 load b 39 is 8
          """);
    }
  }

  @Clause(
      id = "LAZY-05",
      text =
          "Tables of several levels that are shared are copied one by one, as far as a write goes",
      source = "R3.11, R3.12: only what is written is instantiated, whatever level is shared",
      check = "TableSharing.copyTables: tables below a copied one become shared themselves")
  static void tablesAreCopiedDownTheWay(ClauseContext c) {
    ways(c);
    try (Scene scene = new Scene(c)) {
      scene.play(PARENT);
      scene.play("fork a b lazy-all\nfork a c lazy-all");
      int below = c.realLevels().size() - 1;
      scene.play("cpu0 store b 0 5");
      copied(c, scene, below, "after a first write");
      scene.play("cpu0 store b 1 6");
      copied(c, scene, below, "after another close to it");
      scene.play(
          """
          cpu1 store c 39 7
          cpu1 store a 0 8
          expect cpu0 load a 39 is 3
          expect cpu0 load b 39 is 3
          expect cpu0 load c 0 is 1
          expect cpu0 load b 0 is 5
          expect cpu1 load a 0 is 8
          exit a
          expect cpu0 load b 39 is 3
          expect cpu0 load c 0 is 1
          """);
    }
  }

  @Clause(
      id = "LAZY-06",
      text = "Whoever ends, begins anew or unmaps all that a table serves copies no table",
      source =
          "R3.3, R3.9, R3.21, R3.30: exit must not instantiate, tables of several VMAs neither",
      check = "SharedRanges.drop and dropAll: before single entries are looked at")
  static void leavingCopiesNothing(ClauseContext c) {
    for (LazyCopy way : ways(c)) {
      for (String leave : List.of("exit b", "exec b", "munmap b 0 50")) {
        try (Scene scene = new Scene(c)) {
          scene.play(PARENT);
          // A second VMA in the same tables.
          scene.play("mmap a 45 2 rw- private\ncpu0 store a 45 4\nmprotect a 45 1 r--");
          scene.play("fork a b " + way.name());
          scene.play(leave);
          copied(c, scene, 0, "after '" + leave + "'");
          scene.play(
              """
              expect cpu0 load a 45 is 4
              cpu0 store a 0 9
              expect cpu1 load a 0 is 9
              expect cpu1 load a 39 is 3
              exit a
              """);
          copied(c, scene, 0, "when the last one writes");
        }
      }
    }
  }

  @Clause(
      id = "LAZY-07",
      text = "What one process does to its mappings is not seen by who shares its tables",
      source = "R3.20, R3.27: every walker that writes must break sharing first",
      check = "PteTables.find, alloc and visit, PageTable.map, unmap and protect: unshare first")
  static void changesAreOwn(ClauseContext c) {
    List<String> changes =
        List.of(
            "mprotect b 0 2 r--",
            "mprotect b 1 1 ---",
            "munmap b 1 1",
            "munmap b 10 10",
            "dontneed b 0 40",
            "dontneed b 1 1",
            "mremap b 0 2 2 to 60",
            "mremap b 0 2 2 to 38",
            "mremap b 38 2 1",
            "mremap b 38 2 3",
            "mlock b 0 40",
            "mmap b 50 3 rw- private; cpu0 store b 50 9",
            "brk b 44",
            "reclaim 100",
            "reclaim 100; reclaim 100; cpu0 store b 0 9",
            "fork b c; cpu0 store c 0 9; cpu1 store b 1 9",
            "exec b; mmap b 0 40 rw- private; cpu0 store b 0 9");
    for (LazyCopy way : ways(c)) {
      for (String change : changes) {
        try (Scene scene = new Scene(c)) {
          // No page where the heap begins, so that it can grow.
          scene.play(
              """
              start a
              mmap a 0 10 rw- private
              mmap a 30 10 rw- private
              cpu0 store a 0 1
              cpu1 store a 1 2
              cpu0 store a 39 3
              """);
          scene.play("fork a b " + way.name());
          Script.parse(List.of(change.split("; ")))
              .lines()
              .forEach(line -> scene.bench().simulation().run(line.step()));
          scene.sound("after '" + change + "'");
          scene.play(
              """
              expect cpu0 load a 0 is 1
              expect cpu1 load a 1 is 2
              expect cpu0 load a 39 is 3
              expect cpu1 load a 50 is fault: not mapped
              cpu0 store a 0 4
              cpu1 store a 39 5
              exit b
              expect cpu1 load a 0 is 4
              expect cpu0 load a 1 is 2
              expect cpu0 load a 39 is 5
              """);
        }
      }
    }
  }

  // Pages.

  @Clause(
      id = "LAZY-08",
      text = "A pinned page stays its owner's: what maps it is copied at fork, the rest is shared",
      source = "R3.29; T24: no pinned frame replaced or write-protected",
      check = "Pins: the note of its table; Fork.mayShare")
  static void pinnedPagesStay(ClauseContext c) {
    ways(c);
    try (Scene scene = new Scene(c)) {
      scene.play(PARENT);
      scene.play("pin a 1 p\ndevice p store 7");
      AddressSpace a = scene.process("a");
      long va = a.vmas().getFirst().firstVa() + c.geometry().pageBytes();
      long pinned = a.pageTable().translate(va);
      scene.play("fork a b lazy-all");
      long shared = scene.bench().system().tableSharing().shared();
      c.check(shared > 0, "the table without pins shared", shared + " shared");
      scene.play(
          """
          device p store 8
          expect cpu0 load a 1 is 8
          expect cpu1 load b 1 is 7
          cpu0 store a 1 9
          expect device p load is 9
          cpu1 store b 1 10
          expect device p load is 9
          """);
      long now = a.pageTable().translate(va);
      c.checkVa(now == pinned, va, "the pinned page 0x%x".formatted(pinned), now);
      scene.play("exit b\nunpin p\nfork a b lazy");
      c.check(
          scene.process("b").counters().equals(a.counters()),
          "all shared once it is given back",
          scene.process("b").counters());
      long then = scene.bench().system().tableSharing().shared() - shared;
      c.check(then == 2, "2 tables shared once it is given back", then);
      scene.play("cpu0 store b 1 3\nexpect cpu0 load a 1 is 9");
    }
  }

  @Clause(
      id = "LAZY-09",
      text =
          "Processes count the same pages and swap entries after a lazy fork as after an eager one, and every page has as many references once all have written",
      source = "R3.22: page counts balance exactly as with copied tables; R3.31",
      check = "TableNote: every count of a table; SharedPages.copy")
  static void countsAreThoseOfCopies(ClauseContext c) {
    List<List<Object>> seen = new ArrayList<>();
    for (ForkStrategy way : ForkStrategies.all()) {
      try (Scene scene = new Scene(c)) {
        scene.play(
            """
            file f 8
            start a
            mmap a 0 40 rw- private
            mmap a 44 8 rw- private f 0
            cpu0 store a 0 1
            cpu0 store a 1 2
            cpu0 store a 2 3
            cpu0 store a 39 4
            reclaim 2
            reclaim 2
            cpu0 load a 30
            cpu0 load a 44
            cpu0 store a 45 5
            """);
        List<Object> counts = new ArrayList<>();
        scene.play("fork a b " + way.name());
        counts.add(pages(scene, "a"));
        counts.add(pages(scene, "b"));
        scene.play(
            """
            cpu0 store a 0 11
            cpu0 store a 39 12
            cpu1 store b 45 13
            cpu1 store b 1 14
            fork b c %s
            """
                .formatted(way.name()));
        counts.add(pages(scene, "a"));
        counts.add(pages(scene, "c"));
        scene.play("fork a d " + way.name());
        counts.add(pages(scene, "d"));
        scene.play("exit a\nexit d\ncpu0 store c 0 15\ncpu0 store c 39 16\ncpu1 store b 0 17");
        counts.add(pages(scene, "b"));
        counts.add(pages(scene, "c"));
        seen.add(counts);
        c.check(
            counts.equals(seen.getFirst()),
            "the counts of an eager fork, %s".formatted(seen.getFirst()),
            "%s by %s".formatted(counts, way.name()));
      }
    }
  }

  private record Pages(long anon, long file, long swap) {}

  private static Pages pages(Scene scene, String process) {
    MmCounters counters = scene.process(process).counters();
    return new Pages(counters.anonPages(), counters.filePages(), counters.swapEntries());
  }

  @Clause(
      id = "LAZY-10",
      text = "A page that is seen through a shared table is found by all who see it",
      source = "R3.8: reverse maps are complete; try_to_unmap",
      check = "Reclaim.own: every mapping of the page; Rmap.ofPage")
  static void pagesAreFound(ClauseContext c) {
    for (LazyCopy way : ways(c)) {
      try (Scene scene = new Scene(c)) {
        scene.play(PARENT);
        scene.play(
            """
            fork a b %s
            fork b c %s
            reclaim 100
            reclaim 100
            """
                .formatted(way.name(), way.name()));
        for (String process : List.of("a", "b", "c")) {
          MmCounters counters = scene.process(process).counters();
          c.check(
              counters.anonPages() == 0 && counters.swapEntries() == 3,
              "3 pages swapped out of " + process,
              counters);
        }
        scene.play(
            """
            cpu0 store b 0 9
            expect cpu1 load a 0 is 1
            expect cpu0 load c 0 is 1
            expect cpu1 load b 0 is 9
            """);
      }
    }
  }

  // Trouble.

  @Clause(
      id = "LAZY-11",
      text = "Where there is no memory for a copy of a table, all is as before and nothing is lost",
      source = "R3.26: unsharing can fail; R2.40",
      check = "SharedRanges: before anything else changes; TableSharing.privatise")
  static void failingChangesNothing(ClauseContext c) {
    ways(c);
    List<String> steps =
        List.of(
            "cpu0 store b 0 9",
            "munmap b 1 1",
            "mprotect b 0 2 r--",
            "dontneed b 1 1",
            "mremap b 0 2 2 to 60",
            "mremap b 0 2 1",
            "mlock b 0 1",
            "mmap b 50 2 rw- private",
            "pin b 0 p",
            "truncate f 1",
            "fork b c lazy-all",
            "fork b c");
    for (String step : steps) {
      for (int permitted = 0; ; permitted++) {
        try (Scene scene = new Scene(c)) {
          scene.play("file f 4");
          scene.play(PARENT);
          scene.play("mmap a 42 4 rw- private f 0\ncpu0 store a 43 4\nfork a b lazy-all");
          scene.bench().permitAllocations(permitted);
          String result =
              scene
                  .bench()
                  .simulation()
                  .run(Script.parse(List.of(step)).lines().getFirst().step())
                  .toString();
          scene.bench().permitAllAllocations();
          scene.sound("after '%s' with %d allocations".formatted(step, permitted));
          if (!result.equals("out of memory")) {
            break;
          }
          scene.play(
              """
              expect cpu0 load b 0 is 1
              expect cpu1 load b 1 is 2
              expect cpu1 load b 43 is 4
              cpu0 store b 0 9
              expect cpu1 load a 0 is 1
              expect cpu1 load a 43 is 4
              exit a
              exit b
              truncate f 0
              """);
          long left = scene.bench().leaked();
          c.check(left == 0, "no frame in use after '%s'".formatted(step), left);
        }
      }
    }
  }

  @Clause(
      id = "LAZY-12",
      text = "Mappings that children do not copy, and locked ones, are in no shared table",
      source = "R3.30: VMAs that are not to be copied; vma_needs_copy; mlock(2): not inherited",
      check = "Fork.mayShare")
  static void mappingsThatAreNotCopied(ClauseContext c) {
    ways(c);
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 4 rw- private
          mmap a 4 4 rw- shared
          mmap a 30 4 rw- private
          cpu0 store a 0 1
          cpu0 store a 4 2
          cpu0 store a 30 3
          mlock a 30 2
          fork a b lazy-all
          """);
      long shared = scene.bench().system().tableSharing().shared();
      c.check(shared == 0, "no table shared", shared);
      scene.play(
          """
          cpu1 store b 4 5
          expect cpu0 load a 4 is 5
          cpu0 store a 0 6
          expect cpu1 load b 0 is 1
          cpu0 store a 30 7
          expect cpu1 load b 30 is 3
          """);
    }
  }

  @Clause(
      id = "LAZY-13",
      text = "Taking over a table permits its writes again, with no more than one fault",
      source = "R3.25: the last sharer re-uses the table in place",
      check = "TableSharing.own: mkWriteTable, and what that owes")
  static void lastOneWritesOn(ClauseContext c) {
    for (LazyCopy way : ways(c)) {
      try (Scene scene = new Scene(c)) {
        scene.play(PARENT);
        scene.play("fork a b " + way.name() + "\ncpu0 load a 0\ncpu1 load a 0\nexit b");
        AddressSpace a = scene.process("a");
        long va = a.vmas().getFirst().firstVa();
        FaultStatus status = a.fault(va, Access.USER_WRITE);
        c.checkVa(status.isResolved(), va, "a write to be resolved", status);
        c.checkVa(status != FaultStatus.COPIED, va, "the page to be written as it is", status);
        long faults = faults(scene);
        scene.play("cpu0 store a 0 7\nexpect cpu1 load a 0 is 7\ncpu1 store a 0 8");
        c.check(faults(scene) == faults, "no more faults", faults(scene) - faults);
        copied(c, scene, 0, "when the last one writes");
      }
    }
  }

  private static long faults(Scene scene) {
    return scene.bench().system().faults().values().stream().mapToLong(Long::longValue).sum();
  }

  private static void copied(ClauseContext c, Scene scene, long expected, String when) {
    SharingCounts counts = scene.bench().system().tableSharing();
    c.check(counts.copied() == expected, expected + " tables copied " + when, counts);
  }

  /** The ways that differ on a variant; not applicable where tables cannot be shared. */
  private static List<LazyCopy> ways(ClauseContext c) {
    if (c.variant().segmentMap().hashMmu().isPresent()) {
      throw c.notApplicable(
          c.variant().id() + " has leaves note their place in a hash table, for one process only");
    }
    c.tableLevels();
    List<LazyCopy> ways = new ArrayList<>();
    for (ForkStrategy way : ForkStrategies.all()) {
      if (way instanceof LazyCopy lazy
          && ways.stream().noneMatch(other -> shared(c, other) == shared(c, lazy))) {
        ways.add(lazy);
      }
    }
    return ways;
  }

  private static Level shared(ClauseContext c, LazyCopy way) {
    return c.realLevels().stream()
        .skip(1)
        .filter(level -> level.compareTo(way.largest()) >= 0)
        .findFirst()
        .orElseThrow();
  }

  private static ReferenceReader reader(Scene scene, ClauseContext c, String process) {
    return new ReferenceReader(
        c,
        new EntryBytes(scene.bench().memory(), c.geometry()),
        scene.process(process).context().roots());
  }

  private static List<ReferenceReader.Entry> leaves(Scene scene, ClauseContext c, String process) {
    return reader(scene, c, process).contents().entries().stream()
        .filter(ReferenceReader.Entry::leaf)
        .toList();
  }

  private static List<ReferenceReader.Entry> path(Scene scene, ClauseContext c, String process) {
    return reader(scene, c, process).path(scene.process(process).vmas().getFirst().firstVa());
  }
}
