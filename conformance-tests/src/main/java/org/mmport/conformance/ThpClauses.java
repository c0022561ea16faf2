package org.mmport.conformance;

import org.mmport.conformance.HugeScene.Mapped;
import org.mmport.cpu.Access;
import org.mmport.machine.PageFlag;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.HugePageAdvice;
import org.mmport.mm.HugePagePolicy;
import org.mmport.mm.HugePages;
import org.mmport.scenario.MmBench;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.PteFormat;

/** THP: private memory mapped by leaves above the last level: faults, splits, ranges. */
@RestsOn({
  "GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB", "FAULT",
  "COW", "RECLAIM", "SWAP", "FOLIO", "MREMAP", "MLOCK"
})
final class ThpClauses {
  /** One that was written once. */
  static final String ONE =
      """
      thp always
      start a
      mmap a 20 $n rw- private
      cpu0 store a 23 1
      """;

  private ThpClauses() {}

  @Clause(
      id = "THP-01",
      text = "Huge pages that there cannot be, and misaligned ones, are refused and change nothing",
      source = "madvise(2): EINVAL; kernel: madvise_collapse, has_transparent_hugepage",
      check = "HugePageSettings.requireLevel; HugePages.collapse")
  static void whatCannotBeIsRefused(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play("start a; mmap a 20 40 rw- private; cpu0 store a 21 1");
      long pages = scene.bench().hugePages();
      AddressSpace a = scene.process("a");
      HugePages huge = new HugePages(a);
      long page = c.geometry().pageBytes();
      long va = a.vmas().getFirst().firstVa();
      if (pages == 0) {
        c.refused("huge pages", () -> scene.bench().system().useHugePages(HugePagePolicy.ALWAYS));
        c.refused("MADV_HUGEPAGE", () -> huge.advise(va, page, HugePageAdvice.HUGEPAGE));
        c.refused("MADV_COLLAPSE", () -> huge.collapse(0));
        scene.bench().system().useHugePages(HugePagePolicy.NEVER);
      } else {
        c.refused("a collapse in the middle", () -> huge.collapse(va + page));
        c.refused("a collapse beyond", () -> huge.collapse(-pages * page));
        c.refused("advice for half a page", () -> huge.advise(va + 1, page, HugePageAdvice.NONE));
        c.refused("advice for a hole", () -> huge.advise(va, 41 * page, HugePageAdvice.HUGEPAGE));
      }
      c.check(a.vmas().size() == 1, "one mapping", a.vmas());
      scene.play("cpu0 store a 22 2; expect cpu1 load a 21 is 1");
      c.check(a.counters().anonPages() == 2, "two pages", a.counters().anonPages());
    }
  }

  @Clause(
      id = "THP-02",
      text =
          "A first write maps a huge page where policy, advice and mapping have it, and no other",
      source = "kernel: thp_vma_allowable_order, do_huge_pmd_anonymous_page",
      check = "HugePageSettings.wants; HugeFault.missing")
  static void whereTheyAreWanted(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play("start a");
      whetherHuge(s, "thp never", false);
      whetherHuge(s, "thp never; advise a 20 $n huge", false);
      whetherHuge(s, "thp madvise", false);
      whetherHuge(s, "thp madvise; advise a 20 $n huge", true);
      String moved = "; mremap a 20 $n $n to $behind; mremap a $behind $n $n to 20";
      whetherHuge(s, "thp madvise; advise a 20 $n huge" + moved, true);
      whetherHuge(s, "thp always", true);
      whetherHuge(s, "thp always; advise a 20 $n nohuge", false);
      whetherHuge(s, "thp always; cpu0 load a 22", false);
      whetherHuge(s, "thp always; advise a $last 1 huge", false);
      whetherHuge(s, "thp always; munmap a $last 1", false);
      whetherHuge(s, "thp always; munmap a 20 $n; mmap a 20 $n rw- shared", false);
      s.play("munmap a 20 $n; mmap a 21 $n rw- private; cpu0 store a $behind 1");
      s.huge("a", HugeScene.FIRST + s.pages(), false, "where a mapping begins or ends in between");
    }
  }

  private static void whetherHuge(HugeScene s, String script, boolean expected) {
    s.play("munmap a 20 $n; mmap a 20 $n rw- private; " + script + "; cpu0 store a 23 1");
    s.huge("a", 23, expected, "after '" + script + "'");
    s.play("expect cpu1 load a 23 is 1; expect cpu1 load a 24 is 0");
  }

  @Clause(
      id = "THP-03",
      text = "A huge page has one reference, one entire mapcount, and counts as all of its pages",
      source = "kernel: map_anon_folio_pmd, folio_add_new_anon_rmap, mm_inc_nr_ptes; R4.13",
      check = "HugeLeaves.mapNew; HugeEntry.map")
  static void whatItCounts(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play(ONE);
      AddressSpace a = s.process("a");
      Mapped leaf = s.at("a", 23);
      PteFormat format = c.format();
      boolean marks =
          format.young(leaf.raw(), leaf.level())
              && format.dirty(leaf.raw(), leaf.level())
              && format.write(leaf.raw(), leaf.level());
      c.check(marks, leaf.level(), leaf.raw(), "a young, dirty, writable leaf", "another");
      long head = s.pfn("a", 20);
      s.counts("of a new huge page", head, 1, 1, 1);
      c.check(
          s.folios().is(head, PageFlag.ANON_EXCLUSIVE), "the mark of one's own", "no such mark");
      long anon = a.counters().anonPages();
      c.check(anon == s.pages(), "%d pages counted".formatted(s.pages()), anon);
      // Linux counts the table that is put by for a split.
      int tables = a.counters().tables().of(Level.PTE);
      c.check(tables == 1, "one PTE table counted", tables);
      s.play("munmap a 20 $n");
      int after = a.counters().tables().of(Level.PTE);
      c.check(after == 0 && a.counters().anonPages() == 0, "nothing counted", a.counters());
    }
  }

  @Clause(
      id = "THP-04",
      text =
          "Where there is no block or no table for a huge page, pages are mapped, and none leaks",
      source = "kernel: do_huge_pmd_anonymous_page, VM_FAULT_FALLBACK",
      check = "HugeFault.missing: what each OutOfFramesException gives back")
  static void fallsBackToPages(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      MmBench bench = s.scene().bench();
      s.play("thp always; folios 2; start a; mmap a 20 $n rw- private");
      bench.permitOrders(3);
      s.play("cpu0 store a 25 1");
      s.huge("a", 25, false, "without a block for it");
      c.check(s.folios().order(s.pfn("a", 25)) == 2, "a folio of order 2", "another");
      bench.permitOrders(Integer.MAX_VALUE);
      s.play("munmap a 20 $n");
      AddressSpace a = s.process("a");
      boolean hadMemory = false;
      for (int permitted = 0; !hadMemory; permitted++) {
        s.play("mmap a 20 $n rw- private");
        bench.permitAllocations(permitted);
        hadMemory =
            a.fault(s.va(25), Access.USER_WRITE) != FaultStatus.OUT_OF_MEMORY && s.isHuge("a", 25);
        bench.permitAllAllocations();
        s.scene().sound("with %d allocations permitted".formatted(permitted));
        s.play("munmap a 20 $n");
      }
      s.play("exit a");
      c.check(bench.leaked() == 0, "no frame in use", bench.leaked());
    }
  }

  @Clause(
      id = "THP-05",
      text =
          "A split gives each page what the huge page was: place, marks, rights, and whose it is",
      source = "kernel: __split_huge_pmd_locked",
      check = "HugeLeaves.split; HugeEntry.split; PteFormat.splitLeaf")
  static void splitsKeepEverything(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play("thp always; start a");
      for (String change : new String[] {"", "; mprotect a 20 $n r--"}) {
        s.play("mmap a 20 $n rw- private; cpu0 store a 23 1" + change);
        long head = s.pfn("a", 20);
        Mapped leaf = s.at("a", 20);
        s.play("munmap a $last 1");
        s.counts("after a split", head, (int) s.pages() - 1, 0, (int) s.pages() - 1);
        for (long page = 20; page < 20 + s.pages() - 1; page++) {
          judgePiece(c, s, leaf, page, head + page - 20);
        }
        boolean queued = s.folios().isSplitQueued(head);
        c.check(queued, "that the folio waits to be split", "it does not");
        s.play("expect cpu0 load a 23 is 1; munmap a 20 $n");
      }
    }
  }

  private static void judgePiece(
      ClauseContext c, HugeScene s, Mapped leaf, long page, long expectedPfn) {
    PteFormat format = c.format();
    Mapped piece = s.at("a", page);
    c.checkVa(
        piece.level() == Level.PTE && s.pfn("a", page) == expectedPfn,
        s.va(page),
        "frame 0x%x".formatted(expectedPfn),
        s.pfn("a", page));
    boolean alike =
        format.young(piece.raw(), Level.PTE) == format.young(leaf.raw(), leaf.level())
            && format.dirty(piece.raw(), Level.PTE) == format.dirty(leaf.raw(), leaf.level())
            && format.write(piece.raw(), Level.PTE) == format.write(leaf.raw(), leaf.level());
    c.checkVa(
        alike,
        piece.level(),
        s.va(page),
        piece.raw(),
        "the marks and rights of the %s leaf 0x%x".formatted(leaf.level(), leaf.raw()),
        piece.raw());
    if (c.has(MmuFeature.SOFT_DIRTY)) {
      boolean softDirty = format.softDirty(piece.raw(), Level.PTE);
      c.checkVa(
          softDirty == format.softDirty(leaf.raw(), leaf.level()),
          s.va(page),
          "soft-dirty as before",
          softDirty);
    }
    c.checkVa(
        s.folios().is(expectedPfn, PageFlag.ANON_EXCLUSIVE),
        s.va(page),
        "a page that is one's own",
        "one that is not");
  }

  @Clause(
      id = "THP-06",
      text = "What is done to all of a huge page leaves it whole; what is done to a part splits it",
      source = "kernel: zap_huge_pmd, change_huge_pmd, move_huge_pmd, vma_adjust_trans_huge",
      check = "HugeLeaves.cut, zap; HugeMove.prepare")
  static void wholesAndParts(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play(ONE);
      stays(s, "mprotect a 20 $n r--");
      stays(s, "mprotect a 20 $n ---");
      stays(s, "mprotect a 20 $n rw-; cpu1 store a 24 2");
      stays(s, "mlock a 20 $n; munlock a 20 $n");
      stays(s, "advise a 20 $n nohuge; advise a 20 $n huge");
      // Where it goes there are pages, and so a table.
      s.play("mmap a $behind $n rw- private; cpu0 load a $odd; mremap a 20 $n $n to $behind");
      long moved = HugeScene.FIRST + s.pages();
      s.huge("a", moved, true, "after it moved to an aligned place");
      s.play("mremap a $behind $n $n to 20; expect cpu0 load a 24 is 2; dontneed a 20 $n");
      s.play("expect cpu1 load a 24 is 0; munmap a 20 $n");
      for (String part :
          new String[] {
            "munmap a $mid 1",
            "mprotect a 20 $half r--",
            "mprotect a $mid $half ---",
            "mlock a 21 2",
            "mlock a 20 $n; munlock a $mid $half",
            "dontneed a $last 1",
            "advise a $mid $half nohuge",
            "mremap a 20 $half $half to $behind",
            "mremap a 20 $n $n to 5000; mremap a 5000 $n $n to 20",
            "mmap a $behind 3 rw- private; mremap a $behind 3 3 to $mid",
            "mmap a $behind $n rw- private; cpu0 store a $behind 2; dontneed a $odd 1;"
                + " mremap a $behind $n $n to 20",
          }) {
        s.play("mmap a 20 $n rw- private; cpu0 store a $last 1");
        s.huge("a", HugeScene.FIRST + s.pages() - 2, true, "at first");
        s.play(part);
        s.huge("a", HugeScene.FIRST + s.pages() - 2, false, "after '" + part + "'");
        s.play("munmap a 0 $behind; munmap a $behind $n");
      }
    }
  }

  private static void stays(HugeScene s, String script) {
    long pfn = s.pfn("a", 20);
    s.play(script);
    s.huge("a", 23, true, "after '" + script + "'");
    s.counts("after '" + script + "'", pfn, 1, 1, 1);
  }

  @Clause(
      id = "THP-07",
      text = "A huge page can be split when there is no memory at all",
      source = "kernel: pgtable_trans_huge_deposit, pgtable_trans_huge_withdraw",
      check = "HugeEntries: the tables put by")
  static void splitsNeedNoMemory(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play(ONE + "mmap a $behind $n rw- private; cpu0 store a $behind 2; fork a b");
      s.scene().bench().permitAllocations(0);
      s.play(
          """
          munmap a $mid 3
          mprotect a $behind 1 r--
          munmap b 20 1
          dontneed b $behind 2
          expect cpu0 load a 23 is 1
          expect cpu1 load b 23 is 1
          """);
      s.scene().bench().permitAllAllocations();
      s.huge("a", 20, false, "of which a part was unmapped");
      s.huge("b", HugeScene.FIRST + s.pages() + 2, false, "of which a part was dropped");
      s.play("exit a; exit b");
      long leaked = s.scene().bench().leaked();
      c.check(leaked == 0, "no frame in use", leaked);
    }
  }

  @Clause(
      id = "THP-08",
      text = "Locked in memory are those pages of a huge page that a locked mapping has",
      source = "mlock(2); kernel: mlock_pte_range",
      check = "Mlock.eachPage, and where mappings are cut")
  static void locked(ClauseContext c) {
    try (HugeScene s = new HugeScene(c)) {
      s.play(ONE + "mlock a 20 $n");
      mlocked(c, s, s.pages());
      s.huge("a", 20, true, "that is locked");
      s.system().reclaim(1_000);
      s.huge("a", 20, true, "that is locked, after reclaim");
      s.play("munlock a $mid 4");
      mlocked(c, s, s.pages() - 4);
      s.play("munmap a 20 2");
      mlocked(c, s, s.pages() - 6);
      s.play("munmap a 20 $n; mmap a 20 $n rw- private; mlock a 20 $n");
      mlocked(c, s, s.pages());
      s.huge("a", 20, true, "that mlock brought in");
      s.play("exit a");
      mlocked(c, s, 0);
    }
  }

  private static void mlocked(ClauseContext c, HugeScene s, long expected) {
    long pages = s.system().mlockedPages();
    c.check(pages == expected, expected + " pages locked", pages);
  }
}
