package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.mmport.cpu.Access;
import org.mmport.machine.Folios;
import org.mmport.machine.OutOfFramesException;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.Backing;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.FilePages;
import org.mmport.mm.MmCounters;
import org.mmport.mm.MmSystem;
import org.mmport.mm.ReclaimCounts;
import org.mmport.mm.SwapArea;

/** RMAP, RECLAIM and SWAP: pages that leave memory, and come back as they were. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB"})
final class ReclaimClauses {
  private static final long MANY = 1_000;

  private ReclaimClauses() {}

  private static long va(Scene scene, long page) {
    AddressSpace a = scene.process("a");
    return a.vmas().getFirst().firstVa() + page * a.system().variant().geometry().pageBytes();
  }

  private static boolean isMapped(Scene scene, long page) {
    return scene.process("a").pageTable().translate(va(scene, page)) >= 0;
  }

  private static long pfn(ClauseContext c, Scene scene, long page) {
    long physAddr = scene.process("a").pageTable().translate(va(scene, page));
    return physAddr >>> c.geometry().pageShift();
  }

  @Clause(
      id = "RMAP-01",
      text = "All who map a page are found from it: children's children, and copies of file pages",
      source = "kernel: rmap_walk_anon, rmap_walk_file",
      check = "Rmap: owner and index of the page; who joins the family; IntervalTree")
  static void allAreFound(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 24 rw- private
          cpu0 store a 18 1
          cpu0 store a 22 2
          file f 9
          mmap a 30 6 rw- private f 3
          mmap a 40 6 rw- shared f 1
          cpu0 store a 31 3
          cpu0 store a 43 4
          expect cpu0 load a 33 is 0
          fork a b
          fork b c
          munmap b 0 20
          mprotect c 20 4 r--
          expect cpu1 load c 43 is 4
          """);
      MmSystem system = scene.bench().system();
      system.reclaim(MANY);
      for (String process : List.of("a", "b", "c")) {
        MmCounters counters = scene.process(process).counters();
        c.check(counters.anonPages() == 0, process + " to have no anonymous page", counters);
        c.check(counters.filePages() == 0, process + " to have no page of the file", counters);
      }
      long used = system.swapArea().map(SwapArea::usedSlots).orElseThrow();
      c.check(used == 3, "3 slots of swap in use", used);
      scene.play(
          """
          expect cpu1 load c 22 is 2
          expect cpu1 load b 31 is 3
          expect cpu1 load b 43 is 4
          expect cpu0 load a 18 is 1
          expect cpu1 load c 18 is 1
          """);
    }
  }

  @Clause(
      id = "RECLAIM-01",
      text = "What is reclaimed is memory that others can have",
      source = "kernel: shrink_folio_list frees what nobody maps",
      check = "Reclaim: who still holds the page once it is written")
  static void memoryIsGivenBack(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(8));
      Folios folios = scene.bench().system().folios();
      long before = folios.allocated();
      ReclaimCounts counts = scene.bench().system().reclaim(8);
      c.check(counts.freed() == 8, "8 pages freed", counts);
      c.check(counts.swappedOut() == 8, "8 pages written to swap", counts);
      long after = folios.allocated();
      c.check(after == before - 8, before - 8 + " pages left", after);
      scene.sound("after 8 pages were reclaimed");
    }
  }

  private static String storing(int pages) {
    StringBuilder script = new StringBuilder("start a; mmap a 0 %d rw- private".formatted(pages));
    for (int i = 0; i < pages; i++) {
      script.append("\ncpu0 store a %d %d".formatted(i, i + 1));
    }
    return script.toString();
  }

  @Clause(
      id = "RECLAIM-02",
      text = "A page that was used since reclaim looked at it last stays when others were not",
      source =
          "kernel: folio_referenced, page_idle and the second chance of shrink_folio_list; folio_mark_accessed in zap_present_folio_ptes",
      check =
          "Reclaim.mayGo; mkOld and what it owes to the TLBs; Zap.keepAccessed: of mappings that are gone")
  static void usedPagesStay(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(4));
      MmSystem system = scene.bench().system();
      system.reclaim(1);
      c.check(!isMapped(scene, 0), "page 0 to have gone first", "it is mapped");
      scene.play("expect cpu1 load a 1 is 2");
      system.reclaim(1);
      c.check(isMapped(scene, 1), "page 1 to stay, which was used", "it is gone");
      c.check(!isMapped(scene, 2), "page 2 to go", "it is mapped");
    }
    usedByAMappingThatIsGone(c);
  }

  private static void usedByAMappingThatIsGone(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play("file f 4; start a; mmap a 0 4 r-- shared f 0");
      FilePages file = ((Backing.OfFile) scene.process("a").vmas().getFirst().backing()).file();
      scene.play("cpu0 load a 0; cpu0 load a 1; cpu0 load a 2; cpu0 load a 3; munmap a 0 4");
      MmSystem system = scene.bench().system();
      // All were used, so this is the second time that it comes by page 0.
      system.reclaim(1);
      inMemory(c, file, Set.of(1L, 2L, 3L));
      scene.play("mmap a 0 1 r-- shared f 1; cpu1 load a 0; munmap a 0 1");
      system.reclaim(1);
      inMemory(c, file, Set.of(1L, 3L));
    }
  }

  private static void inMemory(ClauseContext c, FilePages file, Set<Long> pages) {
    Set<Long> found = new TreeSet<>(file.cachedFrames().keySet());
    c.check(
        found.equals(pages),
        "pages %s of the file in memory".formatted(new TreeSet<>(pages)),
        found);
  }

  @Clause(
      id = "RECLAIM-03",
      text = "A pinned page does not leave memory",
      source = "kernel: folio_maybe_dma_pinned in shrink_folio_list",
      check = "Reclaim.mayGo")
  static void pinnedPagesStay(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(2));
      Folios folios = scene.bench().system().folios();
      long pinned = pfn(c, scene, 1);
      folios.pin(pinned, 1);
      scene.bench().system().reclaim(MANY);
      c.check(isMapped(scene, 1), "the pinned page to stay", "it is gone");
      c.check(!isMapped(scene, 0), "the other one to go", "it is mapped");
      folios.unpin(pinned, 1);
    }
  }

  @Clause(
      id = "RECLAIM-04",
      text = "A page that somebody holds is found again, not read a second time beside itself",
      source = "kernel: the swap cache; __remove_mapping freezes the references",
      check = "Reclaim.swapOut: when a page leaves the swap cache; SwapFault: where it looks")
  static void heldPagesAreFoundAgain(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(2));
      Folios folios = scene.bench().system().folios();
      long held = pfn(c, scene, 1);
      folios.ref(held, 1);
      scene.bench().system().reclaim(MANY);
      c.check(!isMapped(scene, 1), "the page to be unmapped", "it is mapped");
      scene.play("expect cpu1 load a 1 is 2");
      long now = pfn(c, scene, 1);
      c.check(now == held, "frame 0x%x again".formatted(held), "0x%x".formatted(now));
      scene.bench().system().reclaim(MANY);
      scene.play("dontneed a 0 2");
      long used = scene.bench().system().swapArea().map(SwapArea::usedSlots).orElseThrow();
      c.check(used == 0, "no slot in use when no entry is left", used);
      folios.unref(held, 1);
    }
  }

  @Clause(
      id = "RECLAIM-05",
      text = "Pages for which there is no swap stay, and nothing of them is lost",
      source = "kernel: add_to_swap fails, the folio is activated",
      check = "Reclaim.swapOut: what is undone where there is no slot")
  static void pagesWithoutSwapStay(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      int slots = scene.bench().system().swapArea().map(SwapArea::slots).orElseThrow();
      scene.play(storing(slots + 3));
      ReclaimCounts counts = scene.bench().system().reclaim(MANY);
      c.check(counts.freed() == slots, slots + " pages freed", counts);
      scene.sound("when swap is full");
      scene.play(loading(slots + 3));
    }
  }

  @Clause(
      id = "RECLAIM-06",
      text = "A page of a file is written back before it leaves memory, and read from there",
      source = "kernel: pageout; R1.7, R1.8",
      check = "Reclaim.dropFromFile: writeback, then the mappings, then the cache")
  static void filePagesAreWritten(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          file f 4
          mmap a 0 4 rw- shared f 0
          cpu0 store a 0 1
          cpu0 store a 3 2
          expect cpu0 load a 1 is 0
          """);
      ReclaimCounts counts = scene.bench().system().reclaim(MANY);
      c.check(counts.fileWrites() == 2, "2 pages written to the file", counts);
      c.check(counts.freed() == 3, "3 pages freed", counts);
      FaultStatus status = scene.process("a").fault(va(scene, 3), Access.USER_READ);
      c.check(status == FaultStatus.MAJOR, "the page to be read again", status);
      scene.play("expect cpu1 load a 3 is 2; expect cpu1 load a 0 is 1");
    }
  }

  @Clause(
      id = "RECLAIM-07",
      text = "Where memory is short, an operation makes room for itself",
      source = "kernel: __alloc_pages_direct_reclaim",
      check = "MmSystem.withRoom, AddressSpace.fault: what is tried again")
  static void operationsMakeRoom(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(20));
      // Now, as some variants' roots need frames in a row, which reclaim does not look for.
      scene.play("fork a b");
      Folios folios = scene.bench().system().folios();
      List<Long> hogged = allThatIsFree(folios);
      scene.play(
          """
          mmap b 25 8 rw- private
          cpu1 store b 27 100
          cpu1 store b 1 101
          expect cpu0 load a 1 is 2
          expect cpu1 load b 19 is 20
          expect cpu1 load b 27 is 100
          expect cpu1 load b 1 is 101
          """);
      hogged.forEach(pfn -> folios.unref(pfn, 1));
      scene.play(loading(20));
      hogged = allThatIsFree(folios);
      if (c.geometry().at(c.geometry().rootLevel()).placement().sizeBytes()
          <= c.geometry().pageBytes()) {
        scene.play("fork b c; expect cpu1 load c 1 is 101; expect cpu0 load c 2 is 3");
      }
      hogged.forEach(pfn -> folios.unref(pfn, 1));
    }
  }

  private static String loading(int pages) {
    StringBuilder script = new StringBuilder();
    for (int i = 0; i < pages; i++) {
      script.append("expect cpu0 load a %d is %d\n".formatted(i, i + 1));
    }
    return script.toString();
  }

  private static List<Long> allThatIsFree(Folios folios) {
    List<Long> taken = new ArrayList<>();
    while (true) {
      try {
        taken.add(folios.alloc(0, 0));
      } catch (OutOfFramesException e) {
        return taken;
      }
    }
  }

  @Clause(
      id = "SWAP-01",
      text = "After a fork of swapped-out pages neither sees what the other writes",
      source = "kernel: copy_nonpresent_pte takes the exclusive mark; do_swap_page",
      check = "Fork.copySwapped, SwapFault: who may write the page as it is")
  static void swappedPagesAreOwn(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(3));
      scene.play(
          """
          reclaim 8
          fork a b
          cpu0 store a 0 11
          cpu1 store b 1 12
          expect cpu1 load b 0 is 1
          expect cpu0 load a 1 is 2
          reclaim 8
          expect cpu0 load a 0 is 11
          expect cpu1 load b 1 is 12
          expect cpu1 load b 2 is 3
          exit a
          cpu1 store b 0 13
          expect cpu1 load b 0 is 13
          """);
    }
  }

  @Clause(
      id = "SWAP-02",
      text = "The last one that has a swapped-out page writes it without a copy",
      source = "kernel: do_swap_page reuses a folio that it alone references",
      check = "AnonPages.reuse: what the swap cache holds; the exclusive mark of the entry")
  static void theLastOneTakesOver(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(2));
      scene.play("fork a b; reclaim 8; exit b");
      Folios folios = scene.bench().system().folios();
      long before = folios.allocated();
      AddressSpace a = scene.process("a");
      FaultStatus status = a.fault(va(scene, 0), Access.USER_READ);
      c.check(status == FaultStatus.MAJOR, "the page to be read from swap", status);
      status = a.fault(va(scene, 0), Access.USER_WRITE);
      c.check(status == FaultStatus.REUSED, "the page to be taken over", status);
      long after = folios.allocated();
      c.check(after == before + 1, "1 page more", after - before);
      scene.sound("after a write to a page from swap");
    }
  }

  @Clause(
      id = "SWAP-03",
      text = "A page that was read back and not written since leaves memory without being written",
      source = "kernel: a clean folio of the swap cache is dropped",
      check = "SwapFault: the leaf is clean; Reclaim.swapOut: PageFlag.DIRTY")
  static void cleanPagesAreNotWritten(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(2));
      MmSystem system = scene.bench().system();
      system.reclaim(2);
      scene.play("expect cpu0 load a 0 is 1; expect cpu0 load a 1 is 2; cpu0 store a 1 5");
      ReclaimCounts again = system.reclaim(2);
      c.check(again.freed() == 2, "2 pages freed", again);
      c.check(again.swappedOut() == 1, "1 page written, the one that was stored to", again);
      scene.play("expect cpu0 load a 0 is 1; expect cpu0 load a 1 is 5");
    }
  }

  @Clause(
      id = "SWAP-04",
      text = "Swapped-out pages are counted, and their slots are free after the last exit",
      source = "proc(5): VmSwap; kernel: free_swap_and_cache",
      check = "Zap, SwapCache.freeEntry")
  static void slotsAreFreed(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(storing(5));
      scene.play("reclaim 5; fork a b; munmap b 0 1; dontneed a 4 1");
      MmCounters a = scene.process("a").counters();
      MmCounters b = scene.process("b").counters();
      c.check(a.swapEntries() == 4 && a.anonPages() == 0, "a to have 4 pages in swap", a);
      c.check(b.swapEntries() == 4 && b.anonPages() == 0, "b to have 4 pages in swap", b);
      SwapArea area = scene.bench().system().swapArea().orElseThrow();
      c.check(area.usedSlots() == 5, "5 slots in use", area.usedSlots());
      scene.play("exit a; expect cpu1 load b 1 is 2; exit b");
      c.check(area.usedSlots() == 0, "no slot in use after the last exit", area.usedSlots());
    }
  }
}
