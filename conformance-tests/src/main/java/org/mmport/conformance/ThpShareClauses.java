package org.mmport.conformance;

import org.mmport.conformance.HugeScene.Mapped;
import org.mmport.cpu.Access;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PageFlag;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.CollapseLimits;
import org.mmport.mm.CollapseStatus;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.ReclaimCounts;
import org.mmport.spi.MmuFeature;

/** THP: huge pages that several have, that are reclaimed, and that are made of pages. */
@RestsOn({
  "GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB", "FAULT",
  "COW", "LAZY", "RECLAIM", "SWAP", "FOLIO", "FORK", "MREMAP", "MLOCK"
})
final class ThpShareClauses {
  private static final long MANY = 100_000;

  private ThpShareClauses() {}

  @Clause(
      id = "THP-20",
      text = "However a process forks, both read a huge page by one leaf each, and write copies",
      source = "kernel: copy_huge_pmd, do_huge_pmd_wp_page",
      check = "HugeFork.copy; HugeFault.writeProtected; Fork.shareTables")
  static void forksShareThem(ClauseContext c) {
    for (String way : new String[] {"", " batched", " lazy", " lazy-pmd", " lazy-all"}) {
      try (HugeScene s = new HugeScene(c)) {
        s.play(ThpClauses.ONE + "mmap a 2 4 rw- private; cpu0 store a 2 9; fork a b" + way);
        long head = s.pfn("a", 20);
        c.check(s.pfn("b", 20) == head, "the child's page 0x%x".formatted(head), s.pfn("b", 20));
        s.counts("after a fork", head, 2, 2, 2);
        s.huge("b", 20, true, "after a fork");
        long anon = s.process("b").counters().anonPages();
        c.check(anon == s.pages() + 1, "all counted in the child", anon);
        comesTo(c, s, "b", 24, FaultStatus.COPIED);
        int n = (int) s.pages();
        s.counts("after the child wrote", head, n, 1, n);
        s.huge("a", 24, true, "after the child wrote");
        s.play("cpu1 store b 24 5; expect cpu0 load a 24 is 0; expect cpu1 load b 23 is 1; exit b");
        comesTo(c, s, "a", 25, FaultStatus.REUSED);
        s.huge("a", 25, true, "that nobody else has any more");
        s.play("expect cpu0 load a 23 is 1; expect cpu0 load a 2 is 9");
      }
    }
  }

  private static void comesTo(
      ClauseContext c, HugeScene s, String process, long page, FaultStatus expected) {
    FaultStatus status = s.process(process).fault(s.va(page), Access.USER_WRITE);
    c.checkVa(status == expected, s.va(page), "a write to be " + expected, status);
    s.scene().sound("after a write to page " + page);
  }

  @Clause(
      id = "THP-21",
      text = "A page that one has by a huge leaf and another by a PTE is copied when it is written",
      source = "R4.16; kernel: folio_precise_page_mapcount, __folio_remove_rmap",
      check = "AnonPages.reuse; FolioCounts.unmapPages, unmapWhole")
  static void mappedBothWays(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play(ThpClauses.ONE + "fork a b; munmap b $mid 2");
      long head = s.pfn("a", 20);
      int n = (int) s.pages();
      s.counts("mapped both ways", head, n - 1, 1, n - 1);
      c.check(
          !s.folios().isSplitQueued(head), "a folio that one maps whole not to wait", "it does");
      comesTo(c, s, "b", 23, FaultStatus.COPIED);
      comesTo(c, s, "a", 30, FaultStatus.COPIED);
      s.play("expect cpu0 load a 23 is 1; expect cpu1 load b 23 is 1; munmap a 20 $n");
      c.check(s.folios().isSplitQueued(head), "that the folio waits to be split", "it does not");
      comesTo(c, s, "b", 24, FaultStatus.REUSED);
      ReclaimCounts counts = s.system().reclaim(1);
      // Two pages that the child has unmapped, and the one of which it has a copy.
      c.check(counts.freed() == 3 && counts.swappedOut() == 0, "3 pages freed", counts);
      s.play("expect cpu1 load b 23 is 1");
    }
  }

  @Clause(
      id = "THP-22",
      text = "A huge page that is pinned stays the one of who pinned it, and stays in memory",
      source = "kernel: folio_try_dup_anon_rmap_pmd, copy_huge_pmd, is_refcount_suitable",
      check = "HugeFork.copy; Pins.pin; Collapse.isHeld")
  static void pinned(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play(ThpClauses.ONE + "pin a 25 dev");
      long pfn = s.pfn("a", 25);
      s.huge("a", 25, true, "that is pinned");
      ReclaimCounts counts = s.system().reclaim(MANY);
      c.check(counts.freed() == 0 && s.isHuge("a", 25), "it whole and in memory", counts);
      s.play(
          """
          fork a b lazy
          device dev store 7
          expect cpu0 load a 25 is 7
          expect cpu1 load b 25 is 0
          cpu0 store a 25 8
          expect device dev load is 8
          expect cpu1 load b 23 is 1
          """);
      c.check(s.pfn("a", 25) == pfn, "frame 0x%x of the parent".formatted(pfn), s.pfn("a", 25));
      collapses(c, s, "a", CollapseStatus.PAGE_HELD);
      s.play("exit b; unpin dev");
      collapses(c, s, "a", CollapseStatus.COLLAPSED);
      s.play("expect cpu0 load a 25 is 8; expect cpu0 load a 23 is 1");
    }
  }

  private static void collapses(
      ClauseContext c, HugeScene s, String process, CollapseStatus expected) {
    CollapseStatus status = s.huge(process).collapse(s.va(HugeScene.FIRST));
    c.check(status == expected, "a collapse to come to " + expected, status);
    s.scene().sound("after a collapse");
  }

  @Clause(
      id = "THP-23",
      text =
          "A huge page that was not used goes to swap page by page; one that was used stays whole",
      source = "kernel: folio_referenced_one, TTU_SPLIT_HUGE_PMD, split_folio_to_list",
      check = "Reclaim.testAndClearYoung; SplitFolios.maySplit; what a split does with dirty")
  static void reclaimed(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play("thp always; start a; mmap a $behind $n rw- private; cpu0 store a $behind 3");
      s.play("mmap a 20 $n rw- private; cpu0 store a 23 1; cpu0 store a $last 2");
      // That behind is the first to be looked at, and is young.
      harvest(s);
      ReclaimCounts counts = s.system().reclaim(20);
      c.check(counts.swappedOut() == 20, "20 pages in swap", counts);
      s.scene().sound("after reclaim");
      s.huge("a", 20 + s.pages() - 1, false, "that was not used, after reclaim");
      s.huge("a", 20 + s.pages(), true, "that was used, after reclaim");
      s.play(
          """
          expect cpu0 load a 23 is 1
          expect cpu1 load a $last is 2
          expect cpu1 load a 24 is 0
          expect cpu1 load a $behind is 3
          """);
    }
  }

  @Clause(
      id = "THP-24",
      text = "A huge leaf that reclaim made old is made young by the next access to any page of it",
      source = "Intel SDM 3A 4.8; Arm ARM D8.5; kernel: huge_pmd_set_accessed",
      check = "what the walker marks of huge leaves; HugeFault.present")
  static void accessesAreSeen(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play(ThpClauses.ONE);
      harvest(s);
      Mapped old = s.at("a", 20);
      boolean isYoung = c.format().young(old.raw(), old.level());
      c.check(!isYoung, old.level(), old.raw(), "an old leaf", "a young one");
      long faults = faults(s);
      // CPU 0 may go on using what it has cached (mmu_notifier_clear_young and the like).
      s.play("expect cpu1 load a $last is 0");
      Mapped young = s.at("a", 20);
      isYoung = c.format().young(young.raw(), young.level());
      c.check(isYoung, young.level(), young.raw(), "a young leaf after an access", "an old one");
      long more = faults(s) - faults;
      boolean byHardware = c.has(MmuFeature.HW_ACCESSED);
      c.check(more == (byHardware ? 0 : 1), "no fault where hardware does so, else one", more);
    }
  }

  private static long faults(HugeScene s) {
    return s.system().faults().values().stream().mapToLong(Long::longValue).sum();
  }

  private static void harvest(HugeScene s) {
    AddressSpace a = s.process("a");
    try (var gather = a.pageTable().gather(s.system().cpus().flusher(a.context()))) {
      a.pageTable().hugeEntries().leaf(s.va(20), gather).orElseThrow().mkOld();
      gather.flush();
    }
  }

  @Clause(
      id = "THP-25",
      text = "A collapse keeps what pages hold, counts them all, and no CPU uses the old ones",
      source = "MADV_COLLAPSE in madvise(2); kernel: collapse_huge_page, pmdp_collapse_flush",
      check = "Collapse.replace: the flush before the copy; HugeEntry.unhook, collapse")
  static void collapseKeepsContents(ClauseContext c) {
    for (String before : new String[] {"", "folios 3", "fork a b batched", "fork a b lazy-pmd"}) {
      try (HugeScene s = new HugeScene(c)) {
        s.play("thp madvise; start a; mmap a 20 $n rw- private");
        s.play("cpu0 store a 20 1; cpu1 store a 25 2; cpu0 load a 26; cpu1 store a $last 3");
        s.system().reclaim(2);
        s.play("cpu0 store a 22 4; cpu1 store a 25 2; " + before + "; cpu1 load a $last");
        collapses(c, s, "a", CollapseStatus.COLLAPSED);
        s.huge("a", 20, true, "after a collapse");
        s.counts("after a collapse", s.pfn("a", 20), 1, 1, 1);
        long anon = s.process("a").counters().anonPages();
        c.check(anon == s.pages(), "all pages counted", anon);
        s.play(
            """
            cpu1 store a 25 5
            expect cpu0 load a 20 is 1
            expect cpu0 load a 22 is 4
            expect cpu0 load a 25 is 5
            expect cpu1 load a 26 is 0
            expect cpu0 load a $last is 3
            """);
        if (before.startsWith("fork")) {
          s.play("expect cpu0 load b 25 is 2; expect cpu1 load b $last is 3; exit b");
        }
        collapses(c, s, "a", CollapseStatus.MAPPED_ALREADY);
        s.play("munmap a $mid 1; exit a");
        long leaked = s.scene().bench().leaked();
        c.check(leaked == 0, "no frame in use", leaked);
      }
    }
  }

  @Clause(
      id = "THP-26",
      text = "Where something is in the way of a collapse it says what, and all is as before",
      source = "kernel: enum scan_result, hpage_collapse_scan_pmd, hugepage_vma_revalidate",
      check = "Collapse.ofMapping, ofPages; CollapseLimits")
  static void collapseSaysWhy(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play("start a");
      says(c, s, CollapseLimits.MADVISE, CollapseStatus.NOT_MAPPED);
      s.play("mmap a 20 $n rw- private");
      says(c, s, CollapseLimits.MADVISE, CollapseStatus.NO_TABLE);
      s.play("cpu0 store a 20 1; cpu0 load a 21; cpu0 store a 22 2; advise a $last 1 nohuge");
      says(c, s, CollapseLimits.MADVISE, CollapseStatus.NOT_ONE_MAPPING);
      s.play("advise a 20 $n nohuge");
      says(c, s, CollapseLimits.MADVISE, CollapseStatus.ADVISED_AGAINST);
      s.play("advise a 20 $n huge");
      int none = (int) s.pages() - 2;
      says(c, s, CollapseLimits.of(none - 1, 0, 0), CollapseStatus.TOO_FEW_PAGES);
      s.play("fork a b");
      says(c, s, CollapseLimits.of(none, 0, 1), CollapseStatus.TOO_MANY_SHARED);
      s.play("exit b; pin a 22 dev");
      says(c, s, CollapseLimits.MADVISE, CollapseStatus.PAGE_HELD);
      s.play("unpin dev");
      s.scene().bench().permitOrders(1);
      says(c, s, CollapseLimits.MADVISE, CollapseStatus.NO_MEMORY);
      s.scene().bench().permitOrders(Integer.MAX_VALUE);
      s.system().reclaim(2);
      s.system().reclaim(2);
      says(c, s, CollapseLimits.of(none, 1, 2), CollapseStatus.TOO_MANY_SWAPPED);
      says(c, s, CollapseLimits.of(none, 2, 2), CollapseStatus.COLLAPSED);
      says(c, s, CollapseLimits.khugepaged((int) s.pages()), CollapseStatus.MAPPED_ALREADY);
      s.play("expect cpu0 load a 20 is 1; expect cpu1 load a 22 is 2; munmap a 20 $n");
    }
  }

  private static void says(
      ClauseContext c, HugeScene s, CollapseLimits limits, CollapseStatus expected) {
    AddressSpace a = s.process("a");
    String before = new ProcessView(a).all();
    CollapseStatus status = s.huge("a").collapse(s.va(HugeScene.FIRST), limits);
    c.check(status == expected, "a collapse to come to " + expected, status);
    s.scene().sound("after " + status);
    String after = new ProcessView(a).all();
    boolean same = after.equals(before) || status == CollapseStatus.COLLAPSED;
    c.check(same, "all as it was after " + status, "'%s' and then '%s'".formatted(before, after));
  }

  @Clause(
      id = "THP-27",
      text = "A fork for which memory runs out leaves the parent's huge pages, and none behind",
      source = "kernel: copy_huge_pmd, pte_alloc_one; R2.40",
      check = "HugeFork.copy: what is allocated before anything is counted")
  static void forksOutOfMemory(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play(
          ThpClauses.ONE + "mmap a $behind $n rw- private; cpu0 store a $behind 2; mlock a 20 1");
      s.play("munlock a 20 1; mlock a $behind $n");
      long head = s.pfn("a", 20 + s.pages());
      boolean forked = false;
      for (int permitted = 0; !forked; permitted++) {
        s.scene().bench().permitAllocations(permitted);
        try (AddressSpace child = s.process("a").fork()) {
          forked = true;
          c.check(s.folios().refCount(head) == 2, "the child's reference", child);
        } catch (OutOfFramesException e) {
          c.check(s.folios().refCount(head) == 1, "the parent's reference alone", head);
        }
        s.scene().bench().permitAllAllocations();
        s.scene().sound("with %d allocations permitted".formatted(permitted));
      }
      c.check(s.folios().refCount(head) == 1, "the parent's reference alone", head);
      boolean locked = s.folios().is(head, PageFlag.MLOCKED);
      c.check(locked, "the parent's page locked", "it is not");
      s.play("expect cpu0 load a $behind is 2; exit a");
      long leaked = s.scene().bench().leaked();
      c.check(leaked == 0, "no frame in use", leaked);
    }
  }

  @Clause(
      id = "THP-28",
      text = "Of a huge page that is freed lazily all goes, or the part that was freed",
      source = "madvise(2): MADV_FREE; kernel: madvise_free_huge_pmd, split_folio",
      check = "HugeLeaves.split, before Madvise.lazyFree looks at entries")
  static void freedLazily(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play("thp always; start a; mmap a 20 $n rw- private; cpu0 store a 20 7; lazyfree a 20 $n");
      lazilyFreed(c, s, s.pages());
      long swapped = s.system().reclaimed().swappedOut();
      c.check(swapped == 0, "nothing written to swap", swapped);
      s.play("expect cpu0 load a 20 is 0");
    }
    try (HugeScene s = new HugeScene(c)) {
      s.play("thp always; start a; mmap a 20 $n rw- private; cpu0 store a 20 7; cpu0 store a 26 8");
      s.huge("a", 20, true, "before a part is freed");
      s.play("lazyfree a 20 4");
      lazilyFreed(c, s, 4);
      s.play("expect cpu0 load a 20 is 0; expect cpu1 load a 26 is 8");
    }
  }

  private static void lazilyFreed(ClauseContext c, HugeScene s, long pages) {
    long dropped = s.system().reclaim(2 * s.pages()).lazyFreed();
    c.check(dropped == pages, pages + " pages dropped", dropped);
    s.scene().sound("after %d lazily freed pages went".formatted(pages));
  }

  @Clause(
      id = "THP-36",
      text =
          "A collapse of which a flush fails leaves all as before; a huge page that should be split"
              + " loses nothing",
      source = "a failed request changes nothing; FLUSH-32; kernel: pmdp_collapse_flush, SCAN_FAIL",
      check = "Collapse.emptied, HugeEntry.unhook, split and unmapNow: what is put back")
  static void failedFlushesLoseNoHugePage(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      failedCollapse(c, s);
      failedSplits(c, s);
    }
  }

  private static final String CONTENTS =
      """
        expect cpu1 load a 20 is 1
        expect cpu0 load a $last is 3
        expect cpu0 load a 24 is 0
        exit a
        """;

  private static void failedCollapse(ClauseContext c, HugeScene s) {
    FailingFlushes collapse =
        new FailingFlushes(
            s.script(
                """
            folios 4
            start a
            mmap a 20 $n rw- private
            cpu0 store a 20 1
            cpu1 load a 26
            cpu1 store a $last 3
            numa a 21 1
            """),
            s.script(CONTENTS));
    collapse.of(c, "collapse a 20");
    FailingFlushes ofFile =
        new FailingFlushes(
            s.script(
                """
            file f $n
            start a
            mmap a 20 $n rw- shared f 0
            cpu0 store a 20 1
            cpu1 load a 26
            cpu1 store a $last 3
            """),
            s.script(CONTENTS + "; truncate f 0"));
    ofFile.loseNothing(c, "collapse a 20");
  }

  private static void failedSplits(ClauseContext c, HugeScene s) {
    String huge = "thp always; start a; mmap a 20 $n rw- private; cpu0 store a 20 1";
    FailingFlushes split =
        new FailingFlushes(
            s.script(huge + "; cpu1 store a $last 3; fork a b"),
            s.script("expect cpu1 load b 22 is 8; exit b; " + CONTENTS));
    split.loseNothing(c, "cpu1 store b 22 8");
    FailingFlushes empty =
        new FailingFlushes(
            s.script(
                """
            filefolios $order
            file f $n
            start b
            mmap b 20 $n rw- shared f 0
            cpu0 store b 20 1
            cpu0 store b $last 3
            start a
            mmap a 20 $n rw- private f 0
            cpu1 load a 20
            """),
            s.script("expect cpu1 load a 22 is 8; exit b; " + CONTENTS + "; truncate f 0"));
    empty.loseNothing(c, "cpu1 store a 22 8");
  }
}
