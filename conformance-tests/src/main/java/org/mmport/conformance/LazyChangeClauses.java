package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import org.mmport.fork.ForkStrategies;
import org.mmport.fork.LazyCopy;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.MmCounters;
import org.mmport.scenario.Script;

/** LAZY: what those who share page tables do to their mappings and pages, and what that costs. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB"})
final class LazyChangeClauses {
  private LazyChangeClauses() {}

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
    for (LazyCopy way : LazyClauses.ways(c)) {
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
    LazyClauses.ways(c);
    try (Scene scene = new Scene(c)) {
      scene.play(LazyClauses.PARENT);
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
    pinnedPagesMove(c);
    pinnedWhereShared(c);
  }

  /** Entries of a shared table may say that its pages can be written when they may not. */
  private static void pinnedWhereShared(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(LazyClauses.PARENT);
      scene.play(
          """
          fork a b lazy
          pin b 1 p
          device p store 7
          expect cpu0 load a 1 is 2
          expect cpu1 load b 1 is 7
          pin a 0 q
          device q store 8
          expect cpu1 load b 0 is 1
          expect cpu0 load a 0 is 8
          """);
    }
  }

  /** A page that was pinned in one table and moved to another. */
  private static void pinnedPagesMove(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(LazyClauses.PARENT);
      scene.play(
          """
          pin a 1 p
          mremap a 1 1 1 to 50
          fork a b lazy
          cpu0 store a 50 7
          expect device p load is 7
          device p store 8
          expect cpu0 load a 50 is 8
          expect cpu1 load b 50 is 2
          """);
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
    for (LazyCopy way : LazyClauses.ways(c)) {
      try (Scene scene = new Scene(c)) {
        scene.play(LazyClauses.PARENT);
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
    LazyClauses.ways(c);
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
    RunningOut out =
        new RunningOut(
            "file f 4\n"
                + LazyClauses.PARENT
                + "mmap a 42 4 rw- private f 0\ncpu0 store a 43 4\nfork a b lazy-all",
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
    steps.forEach(step -> out.of(c, step));
  }

  @Clause(
      id = "LAZY-12",
      text = "Locked mappings, which children have unlocked, are in no shared table",
      source = "R3.30: VMAs that are not to be copied as they are; mlock(2): not inherited",
      check = "Fork.mayShare")
  static void lockedMappings(ClauseContext c) {
    LazyClauses.ways(c);
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
          mlock a 4 2
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
}
