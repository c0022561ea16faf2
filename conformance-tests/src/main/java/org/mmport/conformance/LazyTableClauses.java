package org.mmport.conformance;

import java.util.List;
import org.mmport.fork.LazyCopy;
import org.mmport.machine.Steps.Kind;
import org.mmport.mm.AddressSpace;
import org.mmport.pgtable.MmuGather;
import org.mmport.spi.Level;

/** LAZY: tables that come to be where tables are shared, and what it takes to fill them. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB"})
final class LazyTableClauses {
  /** Far enough from the last page that a script can name. */
  private static final long LAST_PAGE = (1L << 20) - 100;

  /** Pages of large folios. */
  private static final int PAGES = 64;

  private LazyTableClauses() {}

  @Clause(
      id = "LAZY-21",
      text =
          "Where a shared table of tables has none for an address yet, a read makes it once, for all who share, and copies nothing; so does a write of a shared mapping",
      source = "R3.5: reads do not instantiate; R3.10; R3.22: each counts the tables it would have",
      check = "PteTables.ofAll: where the new table is hooked; TableUsers.gather: who counts it")
  static void missingTablesAreMadeForAll(ClauseContext c) {
    List<String> firsts = List.of("cpu1 load b %1$d", "cpu1 load b %3$d", "cpu1 store b %4$d 7");
    int runs = 0;
    for (LazyCopy way : LazyClauses.ways(c)) {
      for (Level level : c.realLevels()) {
        boolean above = level.compareTo(LazyClauses.shared(c, way)) < 0;
        if (level == Level.PTE || above || far(c, level) > LAST_PAGE) {
          continue;
        }
        for (String first : firsts) {
          runs++;
          tableIsMadeOnce(c, way, level, first);
        }
      }
    }
    if (runs == 0) {
      throw c.notApplicable("tables of " + c.variant().id() + " that can be shared lead to none");
    }
  }

  /** A page for which there is no table below those of a level that serve the first pages. */
  private static long far(ClauseContext c, Level level) {
    return 20 + c.geometry().spanBytes(level) / c.geometry().pageBytes();
  }

  /**
   * @param first what comes to the missing table first
   */
  private static void tableIsMadeOnce(ClauseContext c, LazyCopy way, Level level, String first) {
    long far = far(c, level);
    Object[] pages = {far, far + 1, far + 8, far + 16, way.name()};
    long below = c.realLevels().stream().filter(each -> each.compareTo(level) > 0).count();
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          file f 16
          start a
          mmap a 20 2 rw- private
          mmap a %1$d 4 rw- private
          mmap a %3$d 4 rw- private f 0
          mmap a %4$d 4 rw- shared f 8
          cpu0 store a 20 1
          fork a b %5$s
          fork b c %5$s
          expect cpu1 load b 20 is 1
          expect cpu0 load c 20 is 1
          """
              .formatted(pages));
      long before = scene.bench().system().tablesInUse();
      long va = scene.process("a").vmas().get(1).firstVa();
      for (List<String> names : List.of(List.of("a", "b"), List.of("c"))) {
        c.check(
            !LazySharedClauses.handsOut(scene, names, va),
            "a refusal, for one of a, b, c is not named",
            names);
      }
      scene.bench().permitAllocations(0);
      String failed =
          scene.bench().simulation().run(LazySharedClauses.step(first.formatted(pages))).toString();
      scene.bench().permitAllAllocations();
      c.check(failed.contains("out of memory"), "no memory for '%s'".formatted(first), failed);
      scene.sound("after a fault for which there was no memory");
      made(c, scene, before, 0, "by a fault for which there was no memory");
      scene.play(first.formatted(pages));
      made(c, scene, before, below, "by '%s'".formatted(first.formatted(pages)));
      scene.play(
          """
          expect cpu0 load a %1$d is 0
          expect cpu1 load c %2$d is 0
          expect cpu0 load c %3$d is 0
          cpu1 store c %4$d 9
          expect cpu0 load a %4$d is 9
          cpu0 store a %4$d 8
          expect cpu1 load b %4$d is 8
          """
              .formatted(pages));
      made(c, scene, before, below, "once all have been there");
      scene.play(
          """
          cpu0 store a %1$d 5
          expect cpu1 load b %1$d is 0
          expect cpu0 load c %1$d is 0
          cpu1 store b %3$d 6
          expect cpu0 load a %3$d is 0
          expect cpu1 load c %3$d is 0
          exit a
          cpu1 store c %2$d 4
          expect cpu1 load b %2$d is 0
          exit b
          cpu0 store c %1$d 3
          expect cpu0 load c %4$d is 8
          expect cpu1 load c 20 is 1
          """
              .formatted(pages));
    }
  }

  private static void made(ClauseContext c, Scene scene, long before, long expected, String when) {
    LazyClauses.copied(c, scene, 0, when);
    long made = scene.bench().system().tablesInUse() - before;
    c.check(made == expected, "%d tables made %s".formatted(expected, when), made);
  }

  @Clause(
      id = "LAZY-22",
      text =
          "When a table is copied, references and map counts of a folio change once for each batch, and blocks of contiguous entries stay whole",
      source = "R4.24, R4.25, R4.27, R4.31, at the time when copying comes due; T18",
      check = "SharedPages.copy: the length of a batch; AnonPages.dup for several pages")
  static void copiesGoByBatches(ClauseContext c) {
    for (LazyCopy way : LazyClauses.ways(c)) {
      for (int order = 2; order <= 4; order++) {
        // Beside them each page has its own map count and gives up its mark.
        int expected = 2 * (PAGES >> order) + 2 * PAGES;
        copyCosts(c, way, order, "", expected);
        // One batch more, for no batch goes on in another mapping.
        copyCosts(c, way, order, "mprotect a 20 2 r--", expected + 2);
      }
    }
  }

  private static void copyCosts(
      ClauseContext c, LazyCopy way, int order, String change, int expected) {
    StepTally tally = new StepTally();
    try (Scene scene = new Scene(c, tally)) {
      scene.play("folios %d\nstart a\nmmap a 20 %d rw- private".formatted(order, PAGES));
      for (int page = 20; page < 20 + PAGES; page += 1 << order) {
        scene.play("cpu0 store a %d 1".formatted(page));
      }
      scene.play(change + "\nfork a b " + way.name());
      AddressSpace b = scene.process("b");
      long inRuns = new ProcessView(b).inRuns(20, PAGES);
      tally.take();
      try (MmuGather gather = LazySharedClauses.gather(scene, "b")) {
        long va = b.vmas().getFirst().firstVa();
        b.pageTable().unshare(va, PAGES * c.geometry().pageBytes(), gather);
        gather.flush();
      }
      int found = tally.take().folios(Kind.UPDATE);
      c.check(
          found == expected,
          "%d changes of folios of order %d after '%s'".formatted(expected, order, change),
          found);
      for (String process : List.of("a", "b")) {
        long left = new ProcessView(scene.process(process)).inRuns(20, PAGES);
        c.check(left == inRuns, "%d entries of %s in runs".formatted(inRuns, process), left);
      }
      scene.play("cpu1 store b 41 2\nexpect cpu0 load a 41 is 0\nexpect cpu1 load b 42 is 0");
    }
  }
}
