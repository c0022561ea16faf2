package org.mmport.conformance;

import org.mmport.mm.CollapseLimits;
import org.mmport.mm.Khugepaged;
import org.mmport.mm.KhugepagedCounts;

/** THP: who looks by itself for what could be huge pages. */
@RestsOn({
  "GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB", "FAULT",
  "COW", "RECLAIM", "SWAP", "FOLIO", "MREMAP", "MLOCK"
})
final class KhugepagedClauses {
  /** Two ranges of one process, of which the first wants huge pages, and one of another. */
  private static final String THREE =
      """
      thp madvise
      start a
      mmap a 20 $n rw- private
      mmap a $behind $n rw- private
      cpu0 store a 21 1
      cpu0 store a $behind 2
      advise a 20 $n huge
      start b
      mmap b 20 $n rw- private
      cpu1 store b 20 3
      cpu1 store b $last 4
      advise b 20 $n huge
      """;

  private KhugepagedClauses() {}

  @Clause(
      id = "THP-29",
      text =
          "Ranges that want huge pages become such in turn, of one process after the other; those that do not are left",
      source = "kernel: khugepaged_scan_mm_slot, thp_vma_allowable_order(TVA_KHUGEPAGED)",
      check = "Khugepaged: where it goes on; HugePageSettings.wants")
  static void oneAfterTheOther(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      Khugepaged khugepaged = Khugepaged.of(s.system());
      scanned(c, khugepaged, 1, new KhugepagedCounts(0, 0, 2));
      s.play(THREE);
      // A process is gone through in its turn, and one pass more brings it there.
      scanned(c, khugepaged, 1, new KhugepagedCounts(s.pages(), 1, 2));
      s.huge("a", 21, true, "when one was looked at");
      s.huge("b", 20, false, "when only that before was looked at");
      scanned(c, khugepaged, s.pages(), new KhugepagedCounts(2 * s.pages() + 1, 2, 2));
      s.huge("a", 20 + s.pages(), false, "where none is wanted");
      s.huge("b", 20, true, "when the next was looked at");
      scanned(c, khugepaged, 5 * s.pages(), new KhugepagedCounts(4 * s.pages() + 2, 2, 4));
      s.play(
          """
          expect cpu1 load a 21 is 1
          expect cpu0 load a 22 is 0
          expect cpu1 load a $behind is 2
          expect cpu0 load b 20 is 3
          expect cpu0 load b $last is 4
          exit a
          munmap b 21 1
          """);
      scanned(c, khugepaged, s.pages(), new KhugepagedCounts(4 * s.pages() + 6, 2, 6));
      s.play("exit b");
      long leaked = s.scene().bench().leaked();
      c.check(leaked == 0, "no frame in use", leaked);
    }
  }

  @Clause(
      id = "THP-30",
      text =
          "Ranges that nobody used lately are left as they are, and where there is no memory it stops",
      source = "kernel: SCAN_LACK_REFERENCED_PAGE, SCAN_ALLOC_HUGE_PAGE_FAIL in khugepaged_do_scan",
      check = "Collapse.ofPages: young; Khugepaged: NO_MEMORY")
  static void notForNothing(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play("start z; mmap z 0 1 rw- private; cpu0 store z 0 9");
      s.play(THREE);
      CollapseLimits limits = CollapseLimits.khugepaged((int) s.pages());
      Khugepaged khugepaged = new Khugepaged(s.system(), limits);
      // All are looked at, then the first of them, which is z's, goes.
      s.system().reclaim(1);
      scanned(c, khugepaged, 2, new KhugepagedCounts(s.pages() + 1, 0, 0));
      s.huge("a", 21, false, "that nobody used since reclaim looked at it");
      s.play("cpu0 load b 20");
      s.scene().bench().permitOrders(1);
      KhugepagedCounts stopped = new KhugepagedCounts(2 * s.pages() + 2, 0, 0);
      scanned(c, khugepaged, 100 * s.pages(), stopped);
      s.huge("b", 20, false, "where there is no block for it");
      s.scene().bench().permitOrders(Integer.MAX_VALUE);
      s.play("cpu1 load a 21; cpu1 load b $last");
      scanned(c, khugepaged, 2 * s.pages(), new KhugepagedCounts(4 * s.pages() + 4, 2, 1));
      s.huge("a", 21, true, "that was used");
      s.huge("b", 20, true, "once there is memory");
      c.refused("a scan of no pages", () -> khugepaged.scan(0));
    }
  }

  private static void scanned(
      ClauseContext c, Khugepaged khugepaged, long pages, KhugepagedCounts expected) {
    KhugepagedCounts counts = khugepaged.scan(pages);
    c.check(counts.equals(expected), expected + " after " + pages + " pages", counts);
  }
}
