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
import org.mmport.spi.Level;
import org.mmport.spi.Rights;

/** LAZY: page tables that processes share after a fork, until one of them changes one. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB"})
final class LazyClauses {
  /** Pages 0 to 39 lie on both sides of a boundary of tables of all levels. */
  static final String PARENT =
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
      int last = c.realLevels().size() - 2;
      Level level = c.realLevels().get(last);
      long hook = path(scene, c, "a").get(last).raw();
      boolean above =
          (c.format().rights(c.format().wrProtectTable(hook, level), level) & Rights.WRITE) == 0;
      scene.play("fork a b lazy");
      List<ReferenceReader.Entry> once = leaves(scene, c, "a");
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
      id = "LAZY-18",
      text =
          "When a table of tables is copied, those below it are write-protected for who keeps the old one, too",
      source = "R3.11, R3.12, R3.17: what is below a shared table becomes shared itself",
      check = "TableSharing.copyTables: wrProtect of both")
  static void tablesBelowAreProtectedForAll(ClauseContext c) {
    // In the table behind that of page 20, below the same one.
    long far = 20L + c.geometry().at(Level.PTE).entries();
    for (LazyCopy way : ways(c)) {
      for (String mapping : List.of("private", "shared")) {
        try (Scene scene = new Scene(c)) {
          scene.play(
              """
              start a
              mmap a 20 2 rw- private
              mmap a 30 2 rw- %3$s
              mmap a %1$d 2 rw- private
              cpu0 store a 20 1
              cpu1 store a %1$d 2
              cpu1 store a 30 3
              fork a b %2$s
              cpu0 store b 20 4
              cpu1 store a 20 5
              cpu1 store a %1$d 6
              expect cpu0 load b %1$d is 2
              expect cpu0 load a %1$d is 6
              cpu0 store b %1$d 7
              expect cpu1 load a %1$d is 6
              expect cpu1 load b 30 is 3
              """
                  .formatted(far, way.name(), mapping));
        }
      }
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

  /** Of all kinds, so far. */
  static long faults(Scene scene) {
    return scene.bench().system().faults().values().stream().mapToLong(Long::longValue).sum();
  }

  static void copied(ClauseContext c, Scene scene, long expected, String when) {
    SharingCounts counts = scene.bench().system().tableSharing();
    c.check(counts.copied() == expected, expected + " tables copied " + when, counts);
  }

  /** The ways that differ on a variant; not applicable where tables cannot be shared. */
  static List<LazyCopy> ways(ClauseContext c) {
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

  /** The level of the tables that a way shares. */
  static Level shared(ClauseContext c, LazyCopy way) {
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
