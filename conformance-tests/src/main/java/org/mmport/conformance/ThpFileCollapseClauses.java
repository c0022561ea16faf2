package org.mmport.conformance;

import org.mmport.machine.OutOfFramesException;
import org.mmport.mm.CollapseLimits;
import org.mmport.mm.CollapseStatus;
import org.mmport.mm.HugePagePolicy;
import org.mmport.mm.Khugepaged;

/** THP: huge pages made of the pages of files. */
@RestsOn({
  "GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB", "COW",
  "LAZY", "RECLAIM", "FOLIO", "THP-06", "THP-31"
})
final class ThpFileCollapseClauses {
  /** A shared mapping of a file that is read in page by page, and written in two. */
  private static final String WRITTEN =
      """
      file f $n
      start a
      mmap a 20 $n rw- shared f 0
      cpu0 store a 21 1
      cpu1 store a $last 2
      """;

  private ThpFileCollapseClauses() {}

  private static void says(
      ClauseContext c, HugeScene scene, CollapseLimits limits, CollapseStatus expected) {
    String before = new ProcessView(scene.process("a")).all();
    CollapseStatus status = scene.huge("a").collapse(scene.va(HugeScene.FIRST), limits);
    c.check(status == expected, "a collapse to come to " + expected, status);
    scene.scene().sound("after " + status);
    String after = new ProcessView(scene.process("a")).all();
    boolean same = status == CollapseStatus.COLLAPSED || after.equals(before);
    c.check(same, "all as it was after " + status, "'%s' and then '%s'".formatted(before, after));
  }

  private static void collapses(ClauseContext c, HugeScene scene) {
    says(c, scene, CollapseLimits.MADVISE, CollapseStatus.COLLAPSED);
    scene.huge("a", HugeScene.FIRST, true, "after a collapse");
  }

  private static void nothingLeft(ClauseContext c, HugeScene scene) {
    long left = scene.scene().bench().leaked();
    c.check(left == 0, "no frame in use", left);
  }

  @Clause(
      id = "THP-38",
      text =
          "When pages of a file become one, whoever maps them reads what was stored last, own copies"
              + " stay, and all of it reaches the file",
      source = "kernel: collapse_file, collapse_pte_mapped_thp, retract_page_tables; R4.13",
      check = "FilePages.collapse: copies, and dirty; FileCollapse.unmapAll, map")
  static void pagesOfFilesBecomeOne(ClauseContext c) {
    try (HugeScene scene = new HugeScene(c)) {
      scene.play(WRITTEN);
      collapses(c, scene);
      scene.play("expect cpu0 load a $mid is 0; exit a; sync f; evict f; start a");
      scene.play("mmap a 20 $n r-- shared f 0; expect cpu0 load a 21 is 1");
      scene.play("expect cpu1 load a $last is 2; exit a; truncate f 0");
      nothingLeft(c, scene);
    }
    try (HugeScene scene = new HugeScene(c)) {
      int n = (int) scene.pages();
      scene.play(WRITTEN + "start b; mmap b 20 $n rw- private f 0; expect cpu1 load b 21 is 1");
      scene.play("cpu1 store b 22 7; start d; mmap d 25 4 rw- shared f 1; cpu0 load d 25");
      scene.play("start e; mmap e 20 $n r-- shared f 0; cpu1 load e $last");
      collapses(c, scene);
      long head = scene.pfn("a", HugeScene.FIRST);
      scene.counts("of one leaf", head, n + 1, 1, 1);
      scene.play("expect cpu0 load a 21 is 1; expect cpu1 load a $last is 2");
      scene.play("expect cpu1 load b 21 is 1; expect cpu1 load b 22 is 7; cpu0 store d 25 5");
      scene.play("expect cpu1 load a 21 is 5; expect cpu1 load b 21 is 5");
      scene.huge("b", HugeScene.FIRST + 1, false, "beside a copy of its own");
      scene.play("expect cpu1 load e 21 is 5");
      scene.huge("e", HugeScene.FIRST, true, "of another, whose table went");
      says(c, scene, CollapseLimits.MADVISE, CollapseStatus.MAPPED_ALREADY);
      // The folio is whole, but entries show it.
      scene.play("advise a 20 1 nohuge; expect cpu0 load a 21 is 5; advise a 20 $n huge");
      scene.huge("a", HugeScene.FIRST + 1, false, "that was in two mappings");
      collapses(c, scene);
      scene.play("expect cpu1 load a $last is 2; expect cpu0 load a 21 is 5");
      scene.play("exit a; exit b; exit d; exit e; sync f; evict f");
      scene.play("start a; mmap a 20 $n rw- shared f 0; expect cpu0 load a 21 is 5");
      scene.play("expect cpu0 load a $last is 2; expect cpu1 load a 22 is 0");
      scene.play("exit a; truncate f 0");
      nothingLeft(c, scene);
    }
    // Where no table is yet either: those above are hooked for the leaf.
    try (HugeScene scene = new HugeScene(c)) {
      scene.play("start a; mmap a 20 $n rw- shared");
      collapses(c, scene);
      scene.play("expect cpu0 load a 21 is 0; cpu0 store a $last 3");
      scene.play("expect cpu1 load a $last is 3; exit a");
      nothingLeft(c, scene);
    }
  }

  @Clause(
      id = "THP-39",
      text = "Where pages of a file cannot become one, it is said why, and all is as before",
      source =
          "kernel: enum scan_result, hpage_collapse_scan_file, thp_vma_suitable_order, mlock(2)",
      check = "FileCollapse.ofMapping, ofTable, ofPages")
  static void saysWhy(ClauseContext c) {
    try (HugeScene scene = new HugeScene(c)) {
      int n = (int) scene.pages();
      CollapseLimits any = CollapseLimits.MADVISE;
      scene.play("file f $n; start a; mmap a 20 $n rw- shared f 1; cpu0 store a 21 1");
      says(c, scene, any, CollapseStatus.NOT_ALIGNED);
      scene.play("munmap a 20 $n; mmap a 20 $half rw- shared f 0; cpu0 load a 20");
      says(c, scene, any, CollapseStatus.NOT_ONE_MAPPING);
      scene.play("munmap a 20 $n; mmap a 20 $n rw- private f 0; cpu0 load a 20");
      scene.play("advise a 20 $n nohuge");
      says(c, scene, any, CollapseStatus.ADVISED_AGAINST);
      scene.play("advise a 20 $n huge; truncate f 9");
      says(c, scene, any, CollapseStatus.BEYOND_FILE);
      scene.play("truncate f $n; cpu0 store a 22 3");
      says(c, scene, any, CollapseStatus.OWN_COPIES);
      scene.play("munmap a 20 $n; evict f; mmap a 20 $n rw- shared f 0; cpu0 store a 21 3");
      int none = n - ThpFileClauses.file(scene).cachedPages();
      says(c, scene, CollapseLimits.of(none - 1, 0, 0), CollapseStatus.TOO_FEW_PAGES);
      scene.play("pin a 21 dev");
      says(c, scene, any, CollapseStatus.PAGE_HELD);
      scene.play("unpin dev; start b; mmap b 20 4 rw- shared f 0; mlock b 20 4");
      says(c, scene, any, CollapseStatus.PAGE_HELD);
      scene.play("munlock b 20 4");
      scene.scene().bench().permitOrders(1);
      says(c, scene, any, CollapseStatus.NO_MEMORY);
      scene.scene().bench().permitOrders(Integer.MAX_VALUE);
      collapses(c, scene);
      scene.play("expect cpu1 load b 21 is 3; expect cpu0 load a 21 is 3; exit a; exit b");
      scene.play("truncate f 0");
      nothingLeft(c, scene);
    }
  }

  @Clause(
      id = "THP-40",
      text =
          "Shared memory that is in swap in part becomes one, as khugepaged finds it; where memory"
              + " ends at any place, nothing is lost",
      source = "kernel: khugepaged_scan_mm_slot, shmem_get_folio in collapse_file; R2.40",
      check = "FileCollapse.intoOne: swapped pages first; who gives back spare and folio")
  static void sharedMemoryBecomesOne(ClauseContext c) {
    try (HugeScene scene = new HugeScene(c)) {
      int n = (int) scene.pages();
      scene.play("start a; mmap a 20 $n rw- shared; cpu0 store a 21 1; cpu0 store a $last 2");
      scene.play("cpu1 load a 30; advise a 20 $n huge; thp madvise");
      scene.system().reclaim(2);
      scene.system().reclaim(2);
      says(c, scene, CollapseLimits.of(n, 0, 0), CollapseStatus.TOO_MANY_SWAPPED);
      boolean done = false;
      for (int permitted = 0; !done; permitted++) {
        scene.scene().bench().permitAllocations(permitted);
        done = collapsed(scene);
        scene.scene().bench().permitAllAllocations();
        scene.scene().sound("with %d allocations permitted".formatted(permitted));
      }
      scene.huge("a", HugeScene.FIRST, true, "after a collapse");
      // Reclaim finds it, and what came from swap goes there again.
      long freed = scene.system().reclaim(n).freed() + scene.system().reclaim(n).freed();
      c.check(freed > 0, "pages of it freed", freed);
      scene.play("expect cpu0 load a 21 is 1; expect cpu1 load a $last is 2; cpu0 store a 21 3");
      scene.play("munmap a 20 $n; mmap a 20 $n rw- shared; cpu0 store a 25 4; advise a 20 $n huge");
      scene.system().useHugePages(HugePagePolicy.MADVISE);
      new Khugepaged(scene.system(), CollapseLimits.of(n, n, n)).scan(2L * n);
      scene.scene().sound("after khugepaged");
      scene.huge("a", HugeScene.FIRST, true, "that khugepaged found");
      scene.play("expect cpu1 load a 25 is 4; expect cpu1 load a 26 is 0; exit a");
      nothingLeft(c, scene);
    }
  }

  private static boolean collapsed(HugeScene scene) {
    try {
      return scene.huge("a").collapse(scene.va(HugeScene.FIRST)).isHuge();
    } catch (OutOfFramesException e) {
      return false;
    }
  }
}
