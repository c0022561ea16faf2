package org.mmport.conformance;

import org.mmport.cpu.Access;
import org.mmport.machine.Folios;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.MmSystem;
import org.mmport.mm.ReclaimCounts;

/** FOLIO: private memory in folios of several pages, mapped by entries of the last level. */
@RestsOn({
  "GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB", "COW",
  "RECLAIM"
})
final class FolioClauses {
  private static final long MANY = 1_000;

  /** Pages 4 to 19 are aligned to 16 wherever a scene is: tables end before page 20. */
  private static final String ONE_FOLIO =
      """
      folios 4
      start a
      mmap a 4 16 rw- private
      cpu0 store a 9 1
      """;

  private FolioClauses() {}

  private static ProcessView view(Scene scene, String process) {
    return new ProcessView(scene.process(process));
  }

  private static void order(ClauseContext c, Scene scene, long page, int expected) {
    Folios folios = scene.bench().system().folios();
    int order = folios.order(view(scene, "a").pfn(page));
    c.check(order == expected, "page %d in a folio of order %d".formatted(page, expected), order);
  }

  @Clause(
      id = "FOLIO-01",
      text = "The first write takes the largest enabled folio that fits mapping and entries",
      source = "kernel: alloc_anon_folio, pte_range_none; R4.21",
      check = "AnonFault: alignment, the mapping's bounds, entries in use, blocks refused")
  static void largestThatFits(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          folios 2 4
          start a
          mmap a 2 39 rw- private
          cpu0 store a 2 1
          cpu0 store a 5 2
          expect cpu0 load a 30 is 0
          cpu0 store a 21 3
          cpu0 store a 31 4
          cpu0 store a 39 5
          cpu0 store a 40 6
          expect cpu1 load a 6 is 0
          expect cpu1 load a 30 is 0
          """);
      order(c, scene, 2, 0);
      order(c, scene, 4, 4);
      order(c, scene, 19, 4);
      order(c, scene, 20, 2);
      order(c, scene, 31, 0);
      order(c, scene, 36, 2);
      order(c, scene, 40, 0);
      long anon = scene.process("a").counters().anonPages();
      c.check(anon == 1 + 16 + 4 + 1 + 4 + 1, "27 pages counted", anon);
      scene.bench().permitOrders(2);
      scene.play("mmap a 52 16 rw- private; cpu0 store a 60 7");
      order(c, scene, 60, 2);
      scene.bench().permitOrders(0);
      scene.play("cpu0 store a 66 8");
      order(c, scene, 66, 0);
    }
  }

  @Clause(
      id = "FOLIO-02",
      text = "What nobody maps of a folio is freed first when memory is short, and nothing else",
      source = "kernel: __folio_remove_rmap, deferred_split_scan; R4.12, R4.20",
      check = "Rmap.remove: when a folio is queued; SplitFolios.queued")
  static void unmappedPartsAreFreed(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(ONE_FOLIO);
      MmSystem system = scene.bench().system();
      long head = view(scene, "a").pfn(4);
      scene.play("fork a b batched; munmap a 12 3");
      boolean early = system.folios().isSplitQueued(head);
      c.check(!early, "a folio that another maps whole not to wait", "it does");
      scene.play("munmap b 10 5");
      boolean queued = system.folios().isSplitQueued(head);
      c.check(queued, "a folio that is mapped in part to wait to be split", "it does not");
      ReclaimCounts counts = system.reclaim(1);
      c.check(
          counts.freed() == 3 && counts.swappedOut() == 0, "3 pages freed, none swapped", counts);
      scene.sound("after the split");
      boolean large = system.folios().isLarge(view(scene, "a").pfn(9));
      c.check(!large, "single pages", "a large folio");
      scene.play(
          """
          expect cpu0 load a 9 is 1
          expect cpu1 load b 9 is 1
          exit b
          """);
    }
  }

  @Clause(
      id = "FOLIO-03",
      text =
          "Of a folio that several have, a write copies one page; the last one writes it as it is",
      source = "kernel: wp_page_copy, wp_can_reuse_anon_folio",
      check = "AnonPages.reuse; WriteProtectedFault: what it counts and gives up")
  static void writesCopyOnePage(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(ONE_FOLIO + "fork a b batched");
      long pages = scene.bench().system().folios().allocated();
      AddressSpace a = scene.process("a");
      AddressSpace b = scene.process("b");
      long va = a.vmas().getFirst().firstVa();
      long next = va + c.geometry().pageBytes();
      comesTo(c, a, va, FaultStatus.COPIED);
      long more = scene.bench().system().folios().allocated() - pages;
      c.check(more == 1, "one page more", more);
      // The parent has other pages of the folio, but not this one.
      comesTo(c, b, va, FaultStatus.REUSED);
      comesTo(c, b, next, FaultStatus.COPIED);
      scene.sound("after three writes");
      scene.play("exit b");
      long pfn = view(scene, "a").pfn(9);
      scene.play("cpu0 store a 9 3; expect cpu0 load a 9 is 3");
      long now = view(scene, "a").pfn(9);
      c.check(now == pfn, "page 0x%x as it is".formatted(pfn), now);
    }
  }

  private static void comesTo(ClauseContext c, AddressSpace space, long va, FaultStatus expected) {
    FaultStatus status = space.fault(va, Access.USER_WRITE);
    c.checkVa(status == expected, va, "a write to be " + expected, status);
  }

  @Clause(
      id = "FOLIO-04",
      text = "A folio that was not used goes to swap page by page, and comes back as it was",
      source = "kernel: split_folio_to_list in shrink_folio_list",
      check = "Reclaim.lookAtLarge; SplitFolios.split")
  static void foliosAreSwapped(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(ONE_FOLIO + "cpu0 store a 18 2; fork a b batched; cpu1 store b 18 3");
      MmSystem system = scene.bench().system();
      ReclaimCounts counts = system.reclaim(MANY);
      c.check(counts.freed() == 17 && counts.swappedOut() == 17, "17 pages in swap", counts);
      scene.sound("after all was swapped");
      long anon = scene.process("a").counters().anonPages();
      c.check(anon == 0, "no page left", anon);
      scene.play(
          """
          expect cpu0 load a 9 is 1
          expect cpu1 load b 9 is 1
          expect cpu0 load a 18 is 2
          expect cpu1 load b 18 is 3
          expect cpu1 load b 4 is 0
          """);
    }
  }

  @Clause(
      id = "FOLIO-05",
      text = "A pinned folio is neither split nor swapped, and waits on",
      source = "kernel: can_split_folio, folio_maybe_dma_pinned in shrink_folio_list",
      check = "Folios.isSplittable; what SplitFolios.queued does with those that it cannot split")
  static void pinnedFoliosStay(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(ONE_FOLIO + "munmap a 12 3");
      Folios folios = scene.bench().system().folios();
      long head = view(scene, "a").pfn(4);
      folios.pin(head, 1);
      ReclaimCounts counts = scene.bench().system().reclaim(MANY);
      c.check(counts.freed() == 0, "nothing freed", counts);
      c.check(folios.isLarge(head), "a large folio yet", "it is split");
      c.check(folios.isSplitQueued(head), "that it waits to be split", "it does not");
      folios.unpin(head, 1);
      counts = scene.bench().system().reclaim(3);
      c.check(counts.freed() == 3, "3 pages freed", counts);
    }
  }

  @Clause(
      id = "FOLIO-06",
      text = "Only those pages of a folio are locked that a locked mapping maps",
      source = "mlock(2); kernel: mlock_pte_range",
      check = "MlockCounts, and the flag of each page")
  static void partsAreLocked(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(ONE_FOLIO + "mlock a 6 5");
      MmSystem system = scene.bench().system();
      c.check(system.mlockedPages() == 5, "5 pages locked", system.mlockedPages());
      scene.play("munlock a 6 2");
      c.check(system.mlockedPages() == 3, "3 pages locked", system.mlockedPages());
      system.reclaim(MANY);
      scene.sound("after reclaim");
      long anon = scene.process("a").counters().anonPages();
      c.check(anon >= 3, "locked pages in memory", anon);
      scene.play("munmap a 4 16");
      c.check(system.mlockedPages() == 0, "no page locked", system.mlockedPages());
    }
  }
}
