package org.mmport.conformance;

import java.util.List;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.machine.Steps.Kind;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmSystem;
import org.mmport.mm.ReclaimCounts;
import org.mmport.mm.SwapArea;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;

/** MADV: memory that nobody needs any more, and that may go without being written anywhere. */
@RestsOn({
  "GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB", "COW",
  "RECLAIM", "SWAP", "FOLIO"
})
final class MadvClauses {
  private static final long MANY = 1_000;

  private MadvClauses() {}

  private static String storing(int pages) {
    StringBuilder script = new StringBuilder("start a; mmap a 4 %d rw- private".formatted(pages));
    for (int i = 0; i < pages; i++) {
      script.append("\ncpu0 store a %d %d".formatted(4 + i, i + 1));
    }
    return script.toString();
  }

  private static boolean isLazy(Scene scene, long page) {
    MmSystem system = scene.bench().system();
    return system.folios().is(new ProcessView(scene.process("a")).pfn(page), PageFlag.LAZYFREE);
  }

  @Clause(
      id = "MADV-01",
      text =
          "What was freed lazily reads as it did until memory is short; then it is gone without being written, and zero",
      source = "madvise(2): MADV_FREE; kernel: madvise_free_pte_range, folio_mark_lazyfree",
      check = "Madvise.lazyFree: entries old and clean, PageFlag.DIRTY gone; LazyFreed.drop")
  static void goesUnwritten(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(6));
      scene.play("lazyfree a 4 4");
      for (int page = 4; page < 10; page++) {
        boolean old = !c.format().young(new ProcessView(scene.process("a")).leaf(page), Level.PTE);
        c.check(isLazy(scene, page) == page < 8, "pages 4 to 7 marked", "page " + page);
        c.check(old == page < 8, "entries 4 to 7 old", "page " + page);
      }
      scene.play("expect cpu0 load a 5 is 2; expect cpu1 load a 9 is 6");
      ReclaimCounts counts = scene.bench().system().reclaim(MANY);
      c.check(counts.lazyFreed() == 4, "4 pages dropped", counts);
      c.check(counts.swappedOut() == 2, "2 pages written to swap, the others", counts);
      long used = scene.bench().system().swapArea().map(SwapArea::usedSlots).orElseThrow();
      c.check(used == 2, "2 slots in use", used);
      scene.sound("after lazily freed pages went");
      scene.play(
          """
          expect cpu0 load a 4 is 0
          expect cpu1 load a 7 is 0
          expect cpu0 load a 8 is 5
          cpu1 store a 5 9
          expect cpu0 load a 5 is 9
          """);
    }
  }

  @Clause(
      id = "MADV-02",
      text = "A page that is written after it was freed lazily stays, and is as any other again",
      source = "madvise(2): MADV_FREE; kernel: try_to_unmap_one sets swapbacked of a dirty folio",
      check = "the flush after entries were made clean; what clear says of dirty; LazyFreed.drop")
  static void whatIsWrittenStays(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(6));
      // Both CPUs remember pages that are dirty already.
      scene.play(
          """
          cpu1 store a 6 30
          lazyfree a 4 6
          cpu0 store a 5 20
          cpu1 store a 6 31
          """);
      ReclaimCounts counts = scene.bench().system().reclaim(MANY);
      c.check(counts.lazyFreed() == 4, "4 pages dropped", counts);
      scene.sound("after 2 pages stayed");
      scene.play(
          """
          expect cpu0 load a 5 is 20
          expect cpu0 load a 6 is 31
          expect cpu0 load a 4 is 0
          expect cpu0 load a 9 is 0
          reclaim 100
          reclaim 100
          expect cpu1 load a 5 is 20
          expect cpu1 load a 6 is 31
          """);
      c.check(!isLazy(scene, 5), "page 5 to be as any other", "it is freed lazily");
      long swapped = scene.bench().system().reclaimed().swappedOut();
      c.check(swapped == 2, "2 pages written to swap", swapped);
    }
  }

  @Clause(
      id = "MADV-03",
      text = "Pages that others have too, in memory or in swap, are left as they are",
      source = "kernel: madvise_free_pte_range asks for mapcount and folio_free_swap",
      check = "Madvise.isOursAlone: map counts, and whose slot the swap cache has")
  static void othersKeepTheirs(ClauseContext c) {
    for (String way : List.of("eager", "batched", "lazy")) {
      try (Scene scene = new Scene(c)) {
        scene.play(storing(5));
        scene.play(
            """
            reclaim 2
            fork a b %s
            expect cpu0 load a 4 is 1
            lazyfree a 4 3
            reclaim 1000
            reclaim 1000
            expect cpu0 load a 4 is 1
            expect cpu1 load b 4 is 1
            expect cpu1 load b 5 is 2
            expect cpu0 load a 5 is 0
            expect cpu1 load b 6 is 3
            expect cpu0 load a 6 is 3
            exit a
            expect cpu1 load b 6 is 3
            expect cpu1 load b 8 is 5
            exit b
            """
                .formatted(way));
      }
    }
  }

  @Clause(
      id = "MADV-04",
      text = "Slots of what is swapped out are free at once where it is freed lazily",
      source = "kernel: madvise_free_pte_range, free_swap_and_cache_nr",
      check = "Madvise.lazyFree: swap entries, and their count")
  static void slotsAreFreed(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(4));
      scene.play("reclaim 8; lazyfree a 4 3");
      SwapArea area = scene.bench().system().swapArea().orElseThrow();
      c.check(area.usedSlots() == 1, "1 slot in use", area.usedSlots());
      long entries = scene.process("a").counters().swapEntries();
      c.check(entries == 1, "1 swap entry", entries);
      scene.play("expect cpu0 load a 5 is 0; expect cpu0 load a 7 is 4");
      // Read back, so that it is in its slot too.
      scene.play("lazyfree a 7 1; cpu0 store a 5 7; reclaim 100; expect cpu0 load a 5 is 7");
      scene.play("expect cpu0 load a 7 is 0");
    }
  }

  @Clause(
      id = "MADV-05",
      text =
          "A large folio that is freed lazily as a whole is marked by one change of each entry, and dropped as one",
      source =
          "kernel: madvise_free_pte_range, clear_young_dirty_ptes; try_to_unmap_one since 6.16",
      check = "PteTable.mkOldClean; PteBatch.length; LazyFreed for runs of entries")
  static void foliosGoWhole(ClauseContext c) {
    StepTally tally = new StepTally();
    try (Scene scene = new Scene(c, tally)) {
      scene.play(
          """
          folios 4
          start a
          mmap a 20 16 rw- private
          cpu0 store a 21 1
          cpu0 store a 30 2
          """);
      long head = new ProcessView(scene.process("a")).pfn(20);
      AddressSpace a = scene.process("a");
      tally.take();
      a.lazyFree(a.vmas().getFirst().firstVa(), 16 * c.geometry().pageBytes());
      StepTally.Counts counts = tally.take();
      c.check(
          counts.entries(Kind.UPDATE) == 16 && counts.entries(Kind.STORE) == 0,
          "16 entries changed, each once",
          counts);
      Folios folios = scene.bench().system().folios();
      c.check(folios.is(head, PageFlag.LAZYFREE), "the folio marked", "it is not");
      c.check(folios.order(head) == 4, "a folio of 16 pages yet", folios.order(head));
      scene.play("expect cpu1 load a 30 is 2");
      tally.take();
      ReclaimCounts freed = scene.bench().system().reclaim(MANY);
      c.check(freed.lazyFreed() == 16, "16 pages dropped", freed);
      long emptied = tally.take().entries(Kind.UPDATE);
      // One more each to make them old, for a page was read.
      c.check(emptied <= 32, "each entry emptied once", emptied);
      scene.play("expect cpu0 load a 21 is 0; expect cpu0 load a 30 is 0");
    }
  }

  @Clause(
      id = "MADV-06",
      text = "A large folio of which a part is freed lazily is split, and the rest stays",
      source = "kernel: madvise_free_pte_range, split_folio; folio_maybe_mapped_shared",
      check = "Madvise.split; what of the folio is marked")
  static void partsAreSplit(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          folios 4
          start a
          mmap a 4 32 rw- private
          cpu0 store a 4 1
          cpu0 store a 10 2
          cpu0 store a 19 3
          cpu0 store a 20 4
          cpu0 store a 35 5
          fork a b
          munmap b 4 16
          lazyfree a 9 14
          """);
      Folios folios = scene.bench().system().folios();
      ProcessView view = new ProcessView(scene.process("a"));
      c.check(!folios.isLarge(view.pfn(10)), "the first folio split", "it is large");
      c.check(folios.isLarge(view.pfn(20)), "the second one left, a child has it", "it is split");
      scene.play(
          """
          reclaim 1000
          reclaim 1000
          expect cpu0 load a 4 is 1
          expect cpu0 load a 10 is 0
          expect cpu0 load a 19 is 0
          expect cpu0 load a 20 is 4
          expect cpu0 load a 35 is 5
          expect cpu1 load b 20 is 4
          """);
    }
  }

  @Clause(
      id = "MADV-07",
      text = "What is pinned stays what a device has; what that wrote is kept after",
      source =
          "kernel: try_to_unmap_one compares ref_count with 1 + map_count; unpin_user_pages_dirty_lock",
      check = "LazyFreed.drop: references, then PageFlag.DIRTY")
  static void pinnedPagesStay(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(2));
      scene.play(
          """
          pin a 4 p
          lazyfree a 4 2
          reclaim 100
          expect device p load is 1
          expect cpu0 load a 4 is 1
          expect cpu0 load a 5 is 0
          device p store 7
          unpin p
          reclaim 100
          reclaim 100
          expect cpu0 load a 4 is 7
          """);
      Folios folios = scene.bench().system().folios();
      scene.play("cpu0 store a 4 8; lazyfree a 4 1");
      long held = new ProcessView(scene.process("a")).pfn(4);
      folios.ref(held, 1);
      scene.bench().system().reclaim(MANY);
      scene.play("expect cpu0 load a 4 is 8");
      folios.unref(held, 1);
    }
  }

  @Clause(
      id = "MADV-08",
      text =
          "Nothing that is locked, shared, a file's or not mapped is freed lazily; nor is the rest",
      source =
          "madvise(2): EINVAL; kernel: madvise_free_single_vma, madvise_dontneed_free_valid_vma",
      check = "Madvise.lazyFree: what is asked before anything changes")
  static void refused(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(3));
      scene.play(
          """
          mmap a 7 2 rw- shared
          file f 4
          mmap a 9 2 rw- private f 0
          mmap a 11 2 rw- private
          mlock a 11 1
          cpu0 store a 12 9
          expect lazyfree a 5 3 is refused
          expect lazyfree a 9 1 is refused
          expect lazyfree a 11 2 is refused
          expect lazyfree a 12 2 is refused
          expect lazyfree a 3 2 is refused
          reclaim 100
          expect cpu0 load a 5 is 2
          expect cpu0 load a 6 is 3
          expect cpu0 load a 12 is 9
          munlock a 11 1
          lazyfree a 11 2
          """);
    }
  }

  @Clause(
      id = "MADV-09",
      text = "Blocks of contiguous entries that are freed lazily are not taken apart",
      source = "kernel: contpte_clear_young_dirty_ptes, contpte_clear_full_ptes; R4.31; T21",
      check = "ContiguousRuns.mkOldClean; the lengths that Madvise and LazyFreed give it",
      requires = MmuFeature.CONT_PTE)
  static void blocksStayWhole(ClauseContext c) {
    StepTally tally = new StepTally();
    try (Scene scene = new Scene(c, tally)) {
      int pages = scene.startWithTwoRuns();
      AddressSpace a = scene.process("a");
      tally.take();
      a.lazyFree(a.vmas().getFirst().firstVa(), pages * c.geometry().pageBytes());
      StepTally.Counts counts = tally.take();
      long inRuns = new ProcessView(a).inRuns(20, pages);
      c.check(inRuns == pages, pages + " entries in runs", inRuns);
      c.check(
          counts.entries(Kind.UPDATE) == pages && counts.entries(Kind.STORE) == 0,
          pages + " entries changed in place",
          counts);
      tally.take();
      ReclaimCounts freed = scene.bench().system().reclaim(MANY);
      c.check(freed.lazyFreed() == pages, pages + " pages dropped", freed);
      StepTally.Counts dropped = tally.take();
      c.check(
          dropped.entries(Kind.UPDATE) == pages && dropped.entries(Kind.STORE) == 0,
          pages + " entries emptied, none stored",
          dropped);
    }
  }
}
