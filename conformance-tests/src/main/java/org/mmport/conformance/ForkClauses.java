package org.mmport.conformance;

import java.util.List;
import org.mmport.fork.ForkStrategies;
import org.mmport.fork.LazyCopy;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.machine.Steps.Kind;
import org.mmport.mm.ForkStrategy;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;

/** FORK: ways to copy what a parent has mapped, which must come to the same as the eager one. */
@RestsOn({
  "GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB", "COW",
  "FOLIO"
})
final class ForkClauses {
  private ForkClauses() {}

  /**
   * Folios whole, in part, with rights of their own in their midst, shared with another child,
   * written anew in places, moved, beside single pages, a file's, those of zeros, and some in swap.
   */
  private static final String BEFORE =
      """
      folios 2 4
      start a
      mmap a 0 44 rw- private
      cpu0 store a 4 1
      cpu0 store a 20 2
      cpu0 store a 37 3
      cpu0 store a 43 4
      expect cpu1 load a 41 is 0
      file f 6
      mmap a 60 6 rw- private f 0
      expect cpu0 load a 61 is 0
      cpu0 store a 62 5
      fork a c
      cpu0 store a 8 6
      cpu0 store a 36 9
      cpu1 store c 22 7
      munmap c 12 3
      munmap a 25 2
      mprotect a 29 3 r--
      mremap a 33 3 3 to 50
      mmap a 68 48 rw- private
      cpu0 store a 68 12
      cpu0 store a 84 13
      cpu0 store a 100 14
      mprotect a 68 3 r--
      dontneed a 90 1
      """;

  private static final String AFTER =
      """
      expect cpu1 load b 4 is 1
      expect cpu1 load b 8 is 6
      expect cpu1 load b 20 is 2
      expect cpu1 load b 22 is 0
      expect cpu1 load b 36 is 9
      expect cpu1 load b 43 is 4
      expect cpu1 load b 62 is 5
      expect cpu1 load b 68 is 12
      expect cpu1 load b 84 is 13
      cpu0 store a 100 24
      expect cpu1 load b 100 is 14
      cpu1 store b 5 50
      cpu0 store a 21 51
      cpu1 store b 52 52
      expect cpu0 load a 5 is 0
      expect cpu1 load b 21 is 0
      expect cpu0 load a 52 is 0
      expect cpu1 load b 29 is 0
      expect cpu1 fetch b 29 is fault: not permitted
      munmap b 0 10
      exit c
      dontneed a 27 5
      reclaim 30
      expect cpu1 load b 21 is 0
      expect cpu0 load a 8 is 6
      exit b
      expect cpu0 load a 21 is 51
      exit a
      """;

  @Clause(
      id = "FORK-01",
      text =
          "A batched fork has parent and child map and count what an eager one does, page by page",
      source = "kernel: copy_present_ptes; R4.1, R4.8, R4.9, R4.11, R4.12, R4.27, R4.35",
      check = "the strategy: where a batch begins and ends, and what is counted for each page")
  static void comesToTheSame(ClauseContext c) {
    List<String> expected = seen(c, ForkStrategy.EAGER).lines().toList();
    List<String> actual = seen(c, ForkStrategies.named("batched")).lines().toList();
    for (int i = 0; i < Math.max(expected.size(), actual.size()); i++) {
      String must = i < expected.size() ? expected.get(i) : "no more";
      String is = i < actual.size() ? actual.get(i) : "no more";
      c.check(must.equals(is), "as an eager fork has it: " + must, is);
    }
  }

  private static String seen(ClauseContext c, ForkStrategy strategy) {
    try (Scene scene = new Scene(c)) {
      scene.play(BEFORE);
      scene.play("fork a b " + strategy.name());
      String seen =
          new ProcessView(scene.process("a")).all() + new ProcessView(scene.process("b")).all();
      scene.play(
          c.has(MmuFeature.NO_EXECUTE)
              ? AFTER
              : AFTER.replace("expect cpu1 fetch b 29 is fault: not permitted\n", ""));
      long left = scene.bench().system().folios().allocated();
      return seen + "\n" + left + " folios after the last exit";
    }
  }

  private static StepTally.Counts fork(ClauseContext c, String strategy, int order, int pages) {
    return fork(c, strategy, order, pages, "");
  }

  private static StepTally.Counts fork(
      ClauseContext c, String strategy, int order, int pages, String before) {
    StepTally tally = new StepTally();
    try (Scene scene = new Scene(c, tally)) {
      scene.play(
          """
          folios %s
          start a
          mmap a 20 %d rw- private
          """
              .formatted(order == 0 ? "none" : order, pages));
      for (int page = 20; page < 20 + pages; page += 1 << order) {
        scene.play("cpu0 store a %d 1".formatted(page));
      }
      scene.play(before);
      ForkStrategy way = ForkStrategies.named(strategy);
      tally.take();
      try (var child = scene.process("a").fork(way)) {
        StepTally.Counts counts = tally.take();
        long anon = child.counters().anonPages();
        c.check(anon == pages, pages + " pages in the child", anon);
        return counts;
      }
    }
  }

  @Clause(
      id = "FORK-02",
      text = "A batch changes its folio's references once and its map counts once",
      source = "R4.6, R4.24, R4.25; T18: 262144/nr of each for 1 GiB of 4 KiB pages",
      check = "AnonPages.tryDup for several pages; Folios.mapPages")
  static void oneChangeForABatch(ClauseContext c) {
    for (int order = 2; order <= 4; order++) {
      int pages = 64;
      // Beside them each page has its own map count and gives up its mark.
      int expected = 2 * (pages >> order) + 2 * pages;
      int batched = fork(c, "batched", order, pages).folios(Kind.UPDATE);
      c.check(
          batched == expected,
          "%d changes of folios of order %d".formatted(expected, order),
          batched);
      int eager = fork(c, "eager", order, pages).folios(Kind.UPDATE);
      c.check(eager == 3 * pages, 3 * pages + " changes entry by entry", eager);
    }
  }

  @Clause(
      id = "FORK-03",
      text = "Of single pages a batched fork reads and changes no more than the eager one",
      source = "R4.33, R4.37; T22",
      check = "BatchedCopy: what it does before it knows that a page is one of a large folio")
  static void singlePagesCostTheSame(ClauseContext c) {
    StepTally.Counts eager = fork(c, "eager", 0, 40);
    StepTally.Counts batched = fork(c, "batched", 0, 40);
    c.check(batched.equals(eager), eager.toString(), batched);
  }

  @Clause(
      id = "FORK-04",
      text = "Pages of a pinned folio stay their owner's and writable; the child gets copies",
      source = "kernel: copy_present_ptes, folio_try_dup_anon_rmap_ptes; R4.2, R4.4, R4.7; T24",
      check = "AnonPages.tryDup for several pages; Fork.copyPages where it says none")
  static void pinnedFoliosAreCopied(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          folios 4
          start a
          mmap a 4 16 rw- private
          cpu0 store a 4 1
          cpu0 store a 11 2
          """);
      Folios folios = scene.bench().system().folios();
      long head = new ProcessView(scene.process("a")).pfn(4);
      folios.pin(head, 1);
      scene.play(
          """
          fork a b batched
          expect cpu1 load b 4 is 1
          expect cpu1 load b 11 is 2
          """);
      ProcessView parent = new ProcessView(scene.process("a"));
      ProcessView child = new ProcessView(scene.process("b"));
      for (int page = 4; page < 20; page++) {
        long pfn = parent.pfn(page);
        c.check(pfn == head + page - 4, "the pinned page 0x%x".formatted(head + page - 4), pfn);
        c.check(parent.writable(page), "page %d writable".formatted(page), "it is not");
        c.check(folios.is(pfn, PageFlag.ANON_EXCLUSIVE), "a page of one's own", page);
        c.check(!folios.isLarge(child.pfn(page)), "a copy for the child", child.pfn(page));
      }
      c.check(folios.refCount(head) == 17, "references given back: 17", folios.refCount(head));
      folios.unpin(head, 1);
    }
  }

  @Clause(
      id = "FORK-05",
      text = "Where a page in the midst of a batch is one's own and pinned, only it is copied",
      source = "kernel: copy_present_ptes; R4.3, R4.4, R4.5",
      check = "AnonPages.sharedFrom; the references given back; how BatchedCopy goes on")
  static void batchesEndBeforePinnedPages(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          folios 4
          start a
          mmap a 4 16 rw- private
          cpu0 store a 4 1
          fork a b batched
          exit b
          cpu0 store a 9 2
          """);
      Folios folios = scene.bench().system().folios();
      ProcessView before = new ProcessView(scene.process("a"));
      long head = before.pfn(4);
      c.check(before.pfn(9) == head + 5, "page 9 to be written as it is", before.pfn(9));
      folios.pin(head, 2);
      scene.play("fork a b batched");
      ProcessView child = new ProcessView(scene.process("b"));
      for (int page = 4; page < 20; page++) {
        boolean shared = child.pfn(page) == head + page - 4;
        c.check(
            shared == (page != 9),
            "only page 9 copied",
            "page %d shared: %s".formatted(page, shared));
      }
      int refs = folios.refCount(head);
      c.check(refs == 16 + 15 + 2, "16 + 15 references and 2 pins", refs);
      scene.play(
          """
          cpu0 store a 9 3
          expect cpu1 load b 9 is 2
          expect cpu1 load b 4 is 1
          """);
      folios.unpin(head, 2);
    }
  }

  @Clause(
      id = "FORK-06",
      text = "Fork and unmap leave blocks of contiguous entries whole",
      source = "kernel: contpte_wrprotect_ptes, contpte_clear_full_ptes; R4.15, R4.31; T21",
      check = "who changes part of a block: Fork.copyPages, Zap, and the lengths they get",
      requires = MmuFeature.CONT_PTE)
  static void blocksStayWhole(ClauseContext c) {
    StepTally tally = new StepTally();
    try (Scene scene = new Scene(c, tally)) {
      int pages = scene.startWithTwoRuns();
      long before = new ProcessView(scene.process("a")).inRuns(20, pages);
      c.check(before == pages, pages + " entries in runs", before);
      ForkStrategy batched = ForkStrategies.named("batched");
      tally.take();
      var child = scene.process("a").fork(batched);
      StepTally.Counts forked = tally.take();
      c.check(
          forked.entries(Kind.UPDATE) == pages,
          pages + " entries write-protected, none taken apart",
          forked);
      long parents = new ProcessView(scene.process("a")).inRuns(20, pages);
      long childs = new ProcessView(child).inRuns(20, pages);
      c.check(parents == pages, "all of the parent's in runs", parents);
      c.check(childs == pages, "all of the child's in runs", childs);
      scene.sound("after the fork");
      long va = child.vmas().getFirst().firstVa();
      tally.take();
      child.dontNeed(va, pages * c.geometry().pageBytes());
      StepTally.Counts zapped = tally.take();
      c.check(
          zapped.entries(Kind.UPDATE) == pages && zapped.entries(Kind.STORE) == 0,
          pages + " entries emptied, none stored",
          zapped);
      child.close();
    }
  }

  @Clause(
      id = "FORK-07",
      text = "A folio may be whole blocks in one process and single entries in another",
      source = "R4.14, R4.16",
      check = "what unmapping a part does to the rest of a block, in whose tables",
      requires = MmuFeature.CONT_PTE)
  static void foliosAreMappedBothWays(ClauseContext c) {
    int members = c.variant().batchOps().runEntries(Level.PTE);
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          folios %d
          start a
          mmap a 20 %d rw- private
          cpu0 store a 21 1
          cpu0 store a 24 2
          fork a b batched
          munmap b 22 1
          """
              .formatted(Integer.numberOfTrailingZeros(members), members));
      long parents = new ProcessView(scene.process("a")).inRuns(20, members);
      long childs = new ProcessView(scene.process("b")).inRuns(20, 2);
      c.check(parents == members, "the parent's in a run", parents);
      c.check(childs == 0, "none of the child's in a run", childs);
      scene.play(
          """
          expect cpu1 load b 24 is 2
          expect cpu0 load a 22 is 0
          cpu0 store a 22 3
          expect cpu1 load b 21 is 1
          fork b d batched
          exit b
          exit a
          expect cpu1 load d 24 is 2
          """);
    }
  }

  @Clause(
      id = "FORK-08",
      text = "Whether a folio is pinned is asked once, however many of its pages are copied",
      source = "R4.7; kernel: folio_try_dup_anon_rmap_ptes",
      check = "AnonPages.tryDup for several pages: what it reads of the folio for each")
  static void pinsAreAskedForOnce(ClauseContext c) {
    // As many folios, of twice as many pages.
    int few = fork(c, "batched", 3, 32).folios(Kind.LOAD);
    int more = fork(c, "batched", 4, 64).folios(Kind.LOAD);
    c.check(more - few == 32, "1 read for each page more, of its mark: 32", more - few);
  }

  @Clause(
      id = "FORK-09",
      text = "A page of a file is a child's too though it is pinned",
      source = "R4.10; kernel: copy_present_ptes, folio_dup_file_rmap_ptes",
      check = "Fork.copyOfFile: no question about pins")
  static void pinnedFilePagesAreShared(ClauseContext c) {
    for (String way : List.of("eager", "batched")) {
      try (Scene scene = new Scene(c)) {
        scene.play(
            """
            start a
            file f 4
            mmap a 4 4 rw- private f 0
            expect cpu0 load a 5 is 0
            """);
        Folios folios = scene.bench().system().folios();
        long pfn = new ProcessView(scene.process("a")).pfn(5);
        folios.pin(pfn, 1);
        scene.play("fork a b " + way);
        long childs = new ProcessView(scene.process("b")).pfn(5);
        c.check(childs == pfn, "the same page 0x%x".formatted(pfn), "0x%x".formatted(childs));
        folios.unpin(pfn, 1);
      }
    }
  }

  @Clause(
      id = "FORK-10",
      text =
          "Where a lazy way must copy entries it does so in batches, and of single pages it changes no more than an eager one",
      source = "R4.1, R4.25, R4.37; R3.29: what may not be shared is copied at fork; T18, T22",
      check = "LazyCopy.copyEntries, BatchedCopy.copy")
  static void lazyWaysCopyInBatches(ClauseContext c) {
    int pages = 64;
    // No table with locked mappings is shared.
    String lock = "mlock a 20 " + pages;
    StepTally.Counts eager = fork(c, "eager", 0, pages, lock);
    for (ForkStrategy way : ForkStrategies.all()) {
      if (way instanceof LazyCopy lazy) {
        for (int order = 2; order <= 4; order++) {
          int expected = 2 * (pages >> order) + 2 * pages;
          int changes = fork(c, lazy.name(), order, pages, lock).folios(Kind.UPDATE);
          c.check(
              changes == expected,
              "%d changes of folios of order %d by %s".formatted(expected, order, lazy.name()),
              changes);
        }
        StepTally.Counts single = fork(c, lazy.name(), 0, pages, lock);
        c.check(
            single.folios().equals(eager.folios()),
            "%s by %s, too".formatted(eager.folios(), lazy.name()),
            single.folios());
      }
    }
  }

  @Clause(
      id = "FORK-11",
      text = "Where only some entries of a batch let write, none does once two processes have it",
      source = "kernel: copy_present_ptes, which protects all if any may be written; R4.26",
      check = "EntryCode.wrProtect: who looks at the first entry alone; SharedPages.copyRun")
  static void someMayBeWritten(ClauseContext c) {
    for (int written : new int[] {4, 9}) {
      for (ForkStrategy way : ForkStrategies.all()) {
        try (Scene scene = new Scene(c)) {
          scene.play(
              """
              folios 4
              start a
              mmap a 4 16 rw- private
              cpu0 store a 4 1
              cpu0 store a 9 1
              fork a b batched
              exit b
              cpu0 store a %d 2
              """
                  .formatted(written));
          ProcessView parent = new ProcessView(scene.process("a"));
          for (int page = 4; page < 20; page++) {
            c.check(
                parent.writable(page) == (page == written),
                "page %d alone writable before".formatted(written),
                "page " + page);
          }
          // Another page, so that tables that are shared until then are copied.
          scene.play(
              """
              fork a b %s
              cpu0 store a 6 3
              cpu0 store a %d 4
              expect cpu1 load b %d is 2
              """
                  .formatted(way.name(), written, written));
        }
      }
    }
  }
}
