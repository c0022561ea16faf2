package org.mmport.conformance;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mmport.fork.LazyCopy;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmCounters;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.PteTable;
import org.mmport.pgtable.SharingCounts;
import org.mmport.scenario.Script;
import org.mmport.scenario.Step;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;

/** LAZY: what changes a shared table as it is, for all who use it. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB"})
final class LazySharedClauses {
  /** Private and shared pages in one table, and shared ones alone in another. */
  private static final String MIXED =
      """
      file f 8
      start a
      mmap a 0 4 rw- private
      mmap a 4 4 rw- shared
      mmap a 30 8 rw- shared f 0
      cpu0 store a 0 1
      cpu0 store a 4 2
      cpu0 store a 7 3
      cpu0 load a 30
      """;

  /** Of folios that some variants cache in several pieces. */
  private static final int ORDER = 5;

  private LazySharedClauses() {}

  @Clause(
      id = "LAZY-14",
      text =
          "Who writes a page of a shared mapping copies no table, and all see it; who writes a private one beside it does",
      source = "R3.10: a table stays shared until one of its non-shared pages is written",
      check = "TableSharing.wrProtect: what stays writable; PageFaults.forAll")
  static void sharedPagesAreWritten(ClauseContext c) {
    for (LazyCopy way : LazyClauses.ways(c)) {
      try (Scene scene = new Scene(c)) {
        scene.play(MIXED);
        scene.play("cpu1 load a 0\ncpu1 load a 4\nfork a b " + way.name());
        SharingCounts atFork = scene.bench().system().tableSharing();
        c.check(atFork.shared() > 0, "tables of shared mappings shared", atFork);
        noFault(c, scene, "cpu1 store a 7 4");
        scene.play(
            """
            cpu1 store b 4 5
            expect cpu0 load a 4 is 5
            cpu0 store a 4 6
            expect cpu1 load b 4 is 6
            cpu0 store a 5 7
            expect cpu1 load b 5 is 7
            cpu1 store b 30 8
            expect cpu0 load a 30 is 8
            cpu0 store a 31 9
            expect cpu1 load b 31 is 9
            """);
        LazyClauses.copied(c, scene, 0, "after writes of shared pages");
        scene.play("cpu1 store a 0 10\nexpect cpu1 load b 0 is 1");
        SharingCounts written = scene.bench().system().tableSharing();
        c.check(written.copied() > 0, "a table copied after the write of a private page", written);
        noFault(c, scene, "cpu0 store b 7 5");
        scene.play(
            """
            cpu0 store a 4 11
            expect cpu1 load b 4 is 11
            cpu1 store b 5 12
            expect cpu0 load a 5 is 12
            cpu1 store b 0 13
            expect cpu0 load a 0 is 10
            cpu1 store b 6 14
            expect cpu0 load a 6 is 14
            exit b
            expect cpu1 load a 30 is 8
            expect cpu1 load a 31 is 9
            """);
      }
    }
  }

  /** What could be written before can be still. */
  private static void noFault(ClauseContext c, Scene scene, String store) {
    long before = LazyClauses.faults(scene);
    scene.play(store);
    long faults = LazyClauses.faults(scene) - before;
    c.check(faults == 0, "no fault by '%s'".formatted(store), faults);
  }

  @Clause(
      id = "LAZY-15",
      text =
          "A read that brings in a page of a file, or one that was swapped out, copies no table, and all who use the table count the page",
      source = "R3.5: reads do not instantiate; R3.22: counts are those of copied tables",
      check = "TableUsers.of: those who count; FilePagesFault.around; SwapFault")
  static void pagesAreBroughtInForAll(ClauseContext c) {
    for (LazyCopy way : LazyClauses.ways(c)) {
      try (Scene scene = new Scene(c)) {
        scene.play(
            """
            file f 16
            start a
            mmap a 0 8 rw- private f 0
            mmap a 8 4 r-- shared f 8
            mmap a 24 4 r-- shared f 8
            mmap a 16 2 rw- private
            cpu0 store a 16 1
            cpu0 store a 17 2
            reclaim 9
            reclaim 9
            cpu0 load a 5
            dontneed a 5 1
            fork a b %s
            fork b c %s
            """
                .formatted(way.name(), way.name()));
        scene.play("cpu1 load b 7");
        counts(c, scene, new MmCounts(0, 2, 2), "after the read of a page, with one beside it");
        scene.play("cpu0 load c 9");
        counts(c, scene, new MmCounts(0, 3, 2), "after that of one of a shared mapping");
        scene.play("expect cpu0 load c 17 is 2");
        counts(c, scene, new MmCounts(1, 3, 1), "after that of one that was swapped out");
        LazyClauses.copied(c, scene, 0, "after reads");
        scene.play(
            """
            cpu0 store c 17 4
            expect cpu1 load a 17 is 2
            exit b
            cpu0 store a 7 5
            expect cpu0 load c 7 is 0
            expect cpu1 load c 16 is 1
            cpu1 store a 16 6
            expect cpu1 load c 16 is 1
            """);
      }
    }
  }

  private record MmCounts(long anon, long file, long swap) {}

  /** That every process counts the same. */
  private static void counts(ClauseContext c, Scene scene, MmCounts expected, String when) {
    for (String process : List.of("a", "b", "c")) {
      MmCounters counters = scene.process(process).counters();
      MmCounts found =
          new MmCounts(counters.anonPages(), counters.filePages(), counters.swapEntries());
      c.check(found.equals(expected), "%s of %s %s".formatted(expected, process, when), found);
    }
  }

  @Clause(
      id = "LAZY-16",
      text =
          "Writeback copies no table, and what anybody stores after it through a shared table is written next time",
      source = "R1.8: page_mkclean reaches every mapper; R3.8",
      check = "FileRmap.makeClean: the CPUs of all who use the table")
  static void writebackReachesAll(ClauseContext c) {
    for (LazyCopy way : LazyClauses.ways(c)) {
      for (String writer : List.of("cpu1 store b", "cpu0 store a")) {
        try (Scene scene = new Scene(c)) {
          scene.play(MIXED);
          scene.play("cpu0 store a 30 3\nfork a b " + way.name());
          scene.play(
              """
              cpu0 store a 30 4
              cpu1 store b 30 5
              sync f
              %1$s 30 6
              %1$s 32 7
              sync f
              %1$s 30 8
              """
                  .formatted(writer));
          LazyClauses.copied(c, scene, 0, "after writeback");
          scene.play(
              """
              exit a
              exit b
              evict f
              start c
              mmap c 0 8 r-- shared f 0
              expect cpu0 load c 0 is 8
              expect cpu0 load c 2 is 7
              """);
        }
      }
    }
  }

  @Clause(
      id = "LAZY-17",
      text =
          "A page leaves memory, or its large folio, for all who use the table that maps it: that takes no memory, and none of them goes on using it",
      source =
          "try_to_unmap of mm/rmap.c; R3.26: what allocates nothing cannot fail half way; R4.20",
      check = "Reclaim.unmap and SplitFolios.unfold: TableUsers")
  static void pagesLeaveForAll(ClauseContext c) {
    for (LazyCopy way : LazyClauses.ways(c)) {
      try (Scene scene = new Scene(c)) {
        scene.play(MIXED);
        scene.play(
            """
            folios 4
            mmap a 52 20 rw- private
            cpu0 store a 52 1
            cpu0 store a 67 2
            folios none
            fork a b %s
            fork b c %s
            expect cpu1 load b 0 is 1
            expect cpu1 load c 67 is 2
            expect cpu0 load c 52 is 1
            """
                .formatted(way.name(), way.name()));
        scene.bench().permitAllocations(0);
        scene.play("reclaim 200\nreclaim 200\nreclaim 200");
        scene.bench().permitAllAllocations();
        LazyClauses.copied(c, scene, 0, "after reclaim");
        MmCounters left = scene.process("b").counters();
        c.check(left.anonPages() == 0 && left.swapEntries() > 1, "all swapped out", left);
        scene.play(
            """
            start d
            mmap d 0 12 rw- private
            cpu0 store d 0 70
            cpu0 store d 1 71
            cpu0 store d 2 72
            expect cpu1 load b 0 is 1
            expect cpu1 load c 67 is 2
            expect cpu0 load c 52 is 1
            cpu0 store b 52 9
            expect cpu0 load a 52 is 1
            expect cpu0 load a 67 is 2
            """);
      }
      if (c.geometry().at(Level.PTE).entries() > 1 << ORDER) {
        foliosAreSplit(c, way);
      }
    }
  }

  /** What is left of a folio ends to be cached together where it is none any more. */
  private static void foliosAreSplit(ClauseContext c, LazyCopy way) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          folios %d
          start a
          mmap a 52 32 rw- private
          cpu0 store a 52 1
          cpu0 store a 83 2
          dontneed a 52 16
          fork a b %s
          """
              .formatted(ORDER, way.name()));
      scene.bench().permitAllocations(0);
      scene.play("reclaim 1");
      scene.bench().permitAllAllocations();
      LazyClauses.copied(c, scene, 0, "after a folio was split");
      scene.play("expect cpu1 load b 83 is 2\ncpu0 store a 83 3\nexpect cpu1 load b 83 is 2");
    }
  }

  @Clause(
      id = "LAZY-20",
      text =
          "A table that maps large folios is copied as any other, with what is cached together in it",
      source = "R3.22 with R4.8, R4.12: counts and marks are those of pages",
      check = "SharedPages.copy and dup: every page of a run")
  static void largeFoliosAreCopied(ClauseContext c) {
    for (LazyCopy way : LazyClauses.ways(c)) {
      try (Scene scene = new Scene(c)) {
        scene.play(
            """
            folios 4
            start a
            mmap a 52 20 rw- private
            cpu0 store a 52 1
            cpu0 store a 61 2
            cpu0 store a 70 3
            fork a d %1$s
            mmap d 80 1 rw- private
            dontneed d 52 16
            expect cpu1 load a 52 is 1
            fork a b %1$s
            cpu0 store b 53 4
            expect cpu1 load a 53 is 0
            expect cpu0 load b 61 is 2
            cpu1 store a 61 5
            expect cpu0 load b 61 is 2
            munmap b 56 2
            expect cpu1 load a 70 is 3
            fork a c %1$s
            cpu0 store c 62 6
            exit a
            expect cpu1 load b 52 is 1
            expect cpu0 load c 61 is 5
            expect cpu0 load d 70 is 3
            """
                .formatted(way.name()));
      }
    }
  }

  private interface Change {
    void of(PageTable tables, long va, MmuGather gather);
  }

  @Clause(
      id = "LAZY-19",
      text =
          "Whoever changes page tables changes none that others use, whatever was done before, or must name all who use it",
      source = "R3.27: every walker that writes must break sharing first; R3.3",
      check =
          "PteTables.find and visit, PageTable.protect and unmap: unshare; TableSharing.drop and requireAll")
  static void tablesToChangeAreOwn(ClauseContext c) {
    long pageBytes = c.geometry().pageBytes();
    Map<String, Change> changes = new LinkedHashMap<>();
    changes.put("pteTable", (tables, va, g) -> clear(tables.pteTable(va, g).orElseThrow(), va));
    changes.put("pteTableAlloc", (tables, va, g) -> clear(tables.pteTableAlloc(va, g), va));
    changes.put(
        "pteTables",
        (tables, va, g) ->
            tables.pteTables(va, pageBytes, g, (table, first, count, at) -> clear(table, at)));
    changes.put(
        "protect", (tables, va, g) -> tables.protect(va, pageBytes, Protection.PAGE_NONE, g));
    changes.put("unmap", (tables, va, g) -> tables.unmap(va, pageBytes, g));
    changes.put(
        "dropShared", (tables, va, g) -> tables.dropShared(va, pageBytes, va, pageBytes, g));
    changes.put("close", (tables, va, g) -> tables.close());
    for (LazyCopy way : LazyClauses.ways(c)) {
      for (Map.Entry<String, Change> change : changes.entrySet()) {
        try (Scene scene = new Scene(c)) {
          scene.play(LazyClauses.PARENT);
          scene.play("fork a b " + way.name());
          AddressSpace a = scene.process("a");
          PageTable tables = scene.process("b").pageTable();
          long va = a.vmas().getFirst().firstVa();
          long before = a.pageTable().translate(va);
          try (MmuGather gather = gather(scene, "b")) {
            change.getValue().of(tables, va, gather);
            gather.flush();
          }
          // Nobody counted the page that is gone, so not all is sound now.
          long now = a.pageTable().translate(va);
          c.checkVa(now == before, va, "0x%x after %s".formatted(before, change.getKey()), now);
          if (change.getKey().equals("dropShared")) {
            now = tables.translate(va);
            c.checkVa(now == before, va, "all of a table or nothing dropped", now);
          }
          scene.bench().simulation().run(step("cpu0 store a 1 7"));
          c.check(
              scene.bench().simulation().run(step("cpu1 load a 1")).toString().equals("7"),
              "the other to go on after " + change.getKey(),
              "something else");
        }
      }
      namesAll(c, way);
    }
  }

  static Step step(String line) {
    return Script.parse(List.of(line)).lines().getFirst().step();
  }

  private static void clear(PteTable table, long va) {
    table.clear(table.index(va), 1);
  }

  static MmuGather gather(Scene scene, String process) {
    AddressSpace space = scene.process(process);
    return space.pageTable().gather(space.system().cpus().flusher(space.context()));
  }

  /** Three use a table; two of them do not do. */
  private static void namesAll(ClauseContext c, LazyCopy way) {
    try (Scene scene = new Scene(c)) {
      scene.play(LazyClauses.PARENT);
      scene.play("fork a b %s\nfork a d %s".formatted(way.name(), way.name()));
      long va = scene.process("a").vmas().getFirst().firstVa();
      for (List<String> names : List.of(List.of("a"), List.of("a", "b"), List.of("a", "d"))) {
        c.check(!handsOut(scene, names, va), "a refusal, for one of a, b, d is not named", names);
      }
      c.check(handsOut(scene, List.of("a", "b", "d"), va), "the table for all", "a refusal");
      scene.play("cpu0 store d 0 9");
      c.check(handsOut(scene, List.of("b", "a"), va), "the table for the two left", "a refusal");
      c.check(!handsOut(scene, List.of("a", "b", "d"), va), "a refusal: d has its own", "a table");
    }
  }

  /** Whether those tell of a table of all who use it at an address, and get it. */
  static boolean handsOut(Scene scene, List<String> names, long va) {
    List<PageTable> users =
        names.stream().map(scene::process).map(AddressSpace::pageTable).toList();
    try (MmuGather gather = gather(scene, names.getFirst())) {
      users.getFirst().pteTableOfAll(va, users, gather);
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }
}
