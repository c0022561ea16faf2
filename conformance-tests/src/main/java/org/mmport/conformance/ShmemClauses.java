package org.mmport.conformance;

import java.util.List;
import org.mmport.machine.Folios;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.MmSystem;
import org.mmport.mm.ReclaimCounts;
import org.mmport.mm.SwapArea;

/** RECLAIM: shared memory without a name, which goes to swap though it is kept as a file. */
@RestsOn({
  "GEO",
  "FMT",
  "FOLD",
  "WALK",
  "MAP",
  "FLUSH",
  "BATCH",
  "CONT",
  "SEG",
  "HASH",
  "TLB",
  "FAULT",
  "LAZY",
  "RMAP",
  "RECLAIM-01",
  "RECLAIM-02",
  "RECLAIM-03",
  "RECLAIM-05",
  "RECLAIM-06"
})
final class ShmemClauses {
  private static final String SHARED =
      """
      start a
      mmap a 4 6 rw- shared
      cpu0 store a 4 1
      cpu0 store a 5 2
      cpu1 load a 4
      cpu0 load a 6
      """;

  private ShmemClauses() {}

  private static long usedSlots(Scene scene) {
    return scene.bench().system().swapArea().map(SwapArea::usedSlots).orElseThrow();
  }

  private static void used(ClauseContext c, Scene scene, long expected, String when) {
    long used = usedSlots(scene);
    c.check(used == expected, "%d slots used %s".formatted(expected, when), used);
  }

  private static long major(Scene scene) {
    return scene.bench().system().faults().getOrDefault(FaultStatus.MAJOR, 0L);
  }

  @Clause(
      id = "RECLAIM-08",
      text =
          "Shared memory without a name leaves memory for swap, and comes back once for all who map"
              + " it",
      source = "kernel: shmem_writeout, shmem_swapin_folio; mmap(2): MAP_SHARED with MAP_ANONYMOUS",
      check =
          "Reclaim.swapOutOfFile: who maps it, dirty of their entries; FilePages.swapOut;"
              + " ShmemStorage")
  static void sharedPagesGoAndComeBack(ClauseContext c) {
    for (String way : List.of("eager", "batched", "lazy")) {
      try (Scene scene = new Scene(c)) {
        scene.play(SHARED);
        scene.play("fork a b %s; cpu1 load b 5; numa a 4 6".formatted(way));
        MmSystem system = scene.bench().system();
        long swappedOut = system.reclaim(100).swappedOut() + system.reclaim(100).swappedOut();
        scene.sound("after all were reclaimed");
        c.check(swappedOut == 2, "2 pages written to swap, that were stored to", swappedOut);
        used(c, scene, 2, "when all are in swap");
        for (String process : List.of("a", "b")) {
          AddressSpace space = scene.process(process);
          c.check(
              space.counters().filePages() == 0 && space.counters().swapEntries() == 0,
              process + " to have no page, and no entry for one",
              space.counters());
        }
        long before = major(scene);
        scene.play("expect cpu1 load b 5 is 2");
        c.check(major(scene) == before + 1, "one page read from swap", major(scene) - before);
        used(c, scene, 1, "when one is back");
        scene.play("expect cpu0 load a 5 is 2; expect cpu0 load a 6 is 0");
        c.check(major(scene) == before + 1, "no page read twice", major(scene) - before);
        scene.play("cpu0 store a 5 7; expect cpu1 load b 5 is 7; cpu1 store b 4 9");
        scene.play(
            "reclaim 100; reclaim 100; expect cpu0 load a 5 is 7; expect cpu0 load a 4 is 9");
      }
    }
  }

  @Clause(
      id = "RECLAIM-09",
      text =
          "What of shared memory is in swap is there until its last mapping goes, and then is not",
      source = "kernel: shmem_undo_range frees swap entries, shmem_evict_inode",
      check = "ShmemStorage.truncate; MmSystem.unmapped")
  static void slotsAreFreedAtTheEnd(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(SHARED);
      scene.play("fork a b; reclaim 100; reclaim 100; munmap a 4 6; dontneed b 4 6");
      used(c, scene, 2, "while one maps it");
      scene.play("mremap b 4 6 6 to 40; expect cpu0 load b 41 is 2");
      used(c, scene, 1, "when one is back");
      scene.play("munmap b 41 5; exit a; expect cpu1 load b 40 is 1; reclaim 100; reclaim 100");
      used(c, scene, 2, "when both have left again");
      scene.play("exec b");
      used(c, scene, 0, "when nobody maps it");
      scene.play("exit b");
      c.check(scene.bench().leaked() == 0, "no frame in use", scene.bench().leaked());
    }
  }

  @Clause(
      id = "RECLAIM-10",
      text =
          "Shared memory that is locked, pinned, held or used, or for which there is no swap, stays"
              + " as it is",
      source = "kernel: shrink_folio_list, shmem_writeout where folio_alloc_swap fails",
      check = "Reclaim.mayGo, swapOutOfFile; FilePages.swapOut: references, OutOfSwapException")
  static void whatMustStayStays(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(SHARED);
      scene.play("cpu0 store a 6 3; cpu0 store a 7 4; mlock a 4 1; pin a 5 p");
      MmSystem system = scene.bench().system();
      Folios folios = system.folios();
      long held = new ProcessView(scene.process("a")).pfn(6);
      folios.ref(held, 1);
      scene.play("reclaim 100; reclaim 100; device p store 8");
      used(c, scene, 1, "for the page that may go");
      scene.play("expect cpu0 load a 5 is 8; expect cpu1 load a 6 is 3; expect cpu0 load a 4 is 1");
      c.check(
          new ProcessView(scene.process("a")).pfn(6) == held, "the page that is held", "another");
      folios.unref(held, 1);
      scene.play("unpin p; munlock a 4 1; swapoff; expect cpu0 load a 7 is 4");
      ReclaimCounts none = system.reclaim(100);
      c.check(none.freed() == 0, "no page to go without swap", none);
      scene.play("swapon 2; reclaim 100; reclaim 100");
      used(c, scene, 2, "of 2");
      scene.play("expect cpu0 load a 4 is 1; expect cpu0 load a 5 is 8; expect cpu0 load a 6 is 3");
      scene.play("expect cpu0 load a 7 is 4; reclaim 100; swapoff; expect cpu1 load a 5 is 8");
    }
  }

  @Clause(
      id = "RECLAIM-11",
      text = "Where there is no memory to bring shared memory back to, it stays in swap",
      source = "kernel: shmem_swapin_folio: ENOMEM leaves the entry",
      check = "FilePages.readIn allocates before ShmemStorage.read frees the slot")
  static void wantOfMemoryLosesNothing(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(SHARED);
      scene.play("reclaim 100; reclaim 100");
      scene.bench().permitAllocations(0);
      scene.play("expect cpu0 load a 4 is out of memory; expect swapoff is out of memory");
      used(c, scene, 2, "as before");
      scene.bench().permitAllAllocations();
      scene.play("expect cpu0 load a 4 is 1; swapoff; expect cpu1 load a 5 is 2");
    }
  }
}
