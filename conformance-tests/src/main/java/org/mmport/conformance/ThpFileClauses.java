package org.mmport.conformance;

import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.mm.Backing;
import org.mmport.mm.FilePages;
import org.mmport.mm.ReclaimCounts;

/** THP: folios of files, and of shared memory, mapped by one leaf above the last level. */
@RestsOn({
  "GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB", "COW",
  "LAZY", "RECLAIM", "FOLIO", "THP-06"
})
final class ThpFileClauses {
  private static final String SHARED =
      """
      filefolios $order
      file f $n
      start a
      mmap a 20 $n rw- shared f 0
      """;

  private static final String PRIVATE =
      """
      filefolios $order
      file f $n
      start a
      mmap a 20 $n rw- private f 0
      """;

  private ThpFileClauses() {}

  static FilePages file(HugeScene scene) {
    return ((Backing.OfFile) scene.process("a").vmas().getFirst().backing()).file();
  }

  private static void filePages(ClauseContext c, HugeScene scene, String process, long expected) {
    long pages = scene.process(process).counters().filePages();
    c.check(pages == expected, "%d pages of files in %s".formatted(expected, process), pages);
  }

  @Clause(
      id = "THP-31",
      text =
          "A folio of a file is mapped by one leaf where it is as large, and aligned there, and the"
              + " mapping has all of it",
      source = "kernel: do_set_pmd, filemap_map_pmd, thp_vma_suitable_order; R4.13",
      check = "HugePageSettings.mayShowWhole; HugeFault.missingOfFile; HugeLeaves.mapFile")
  static void mappedByOneLeaf(ClauseContext c) {
    try (HugeScene scene = new HugeScene(c)) {
      int n = (int) scene.pages();
      scene.play(SHARED + "expect cpu0 load a $mid is 0; expect cpu1 load a $last is 0");
      scene.huge("a", HugeScene.FIRST, true, "after a load");
      long head = scene.pfn("a", HugeScene.FIRST);
      scene.counts("of one leaf", head, n + 1, 1, 1);
      filePages(c, scene, "a", n);
      scene.play("start b; mmap b 20 $n rw- shared f 0; cpu1 store b $mid 3");
      scene.huge("b", HugeScene.FIRST, true, "after a store");
      scene.counts("of two leaves", head, n + 2, 2, 2);
      scene.play("expect cpu0 load a $mid is 3; exit b");
      // Not where it lies otherwise, where a part of it is missing, or where nobody wants it.
      scene.play("start b; mmap b 20 $n rw- shared f 1; cpu1 load b 20");
      scene.huge("b", HugeScene.FIRST, false, "one page off");
      scene.play("exit b; start b; mmap b 20 $half rw- shared f 0; cpu1 load b 20");
      scene.huge("b", HugeScene.FIRST, false, "in half a mapping");
      scene.play("exit b; start b; mmap b 20 $n rw- shared f 0; advise b 20 $n nohuge");
      scene.play("cpu1 load b 20");
      scene.huge("b", HugeScene.FIRST, false, "where none is wanted");
      scene.counts("by entries and a leaf", head, n + 1 + n, 1, 1 + n);
      scene.play("exit b; file g $half; mmap a $behind $n rw- shared g 0; cpu0 load a $behind");
      scene.huge("a", HugeScene.FIRST + n, false, "of a short file");
      scene.play("start b; mmap b 20 $n rw- shared; cpu0 store b $mid 7");
      scene.huge("b", HugeScene.FIRST, true, "of shared memory");
    }
  }

  @Clause(
      id = "THP-32",
      text =
          "A private mapping reads a file by one leaf, and a store copies one page, the others being"
              + " the file's",
      source = "kernel: wp_huge_pmd, do_cow_fault, copy_huge_pmd",
      check = "HugeFault.writeProtectedOfFile; HugeLeaves.emptyOfFile: the flush; HugeFork.copy")
  static void privateOnesAreCopied(ClauseContext c) {
    try (HugeScene scene = new HugeScene(c)) {
      int n = (int) scene.pages();
      scene.play(PRIVATE + "expect cpu0 load a 21 is 0; expect cpu1 load a 21 is 0");
      scene.huge("a", HugeScene.FIRST, true, "after a load");
      long head = scene.pfn("a", HugeScene.FIRST);
      scene.play("fork a b; expect cpu1 load b $last is 0");
      scene.counts("of parent and child", head, n + 2, 2, 2);
      scene.play("cpu0 store a 21 5; expect cpu0 load a 21 is 5; expect cpu1 load a 21 is 5");
      scene.huge("a", HugeScene.FIRST + 1, false, "after a store");
      scene.huge("b", HugeScene.FIRST, true, "of the other");
      long anon = scene.process("a").counters().anonPages();
      c.check(anon == 1, "one page copied", anon);
      scene.play("expect cpu0 load a 20 is 0; expect cpu1 load b 21 is 0");
      scene.play("mlock b 20 $n; cpu1 store b $mid 6; expect cpu0 load a $mid is 0");
      scene.play("start c; mmap c 20 $n rw- private f 0; cpu0 store c $last 9");
      scene.huge("c", HugeScene.FIRST + n - 1, false, "of which the first use is a store");
      scene.play("expect cpu0 load c $last is 9; expect cpu1 load b $last is 0");
    }
  }

  @Clause(
      id = "THP-33",
      text = "A store by a leaf of a shared mapping is written back, and so is the next",
      source = "kernel: page_vma_mkclean_one, folio_mkclean; R1.7",
      check = "FileRmap.makeLeavesClean; HugeEntry.makeClean: dirty after the write protection")
  static void writtenBack(ClauseContext c) {
    try (HugeScene scene = new HugeScene(c)) {
      long n = scene.pages();
      scene.play(SHARED + "start b; mmap b 20 $n rw- shared f 0; cpu0 load a 20; cpu1 load b 20");
      written(c, scene, 0, "before any store");
      scene.play("cpu0 store a $mid 1");
      written(c, scene, n, "after a store");
      written(c, scene, 0, "without another");
      scene.play("cpu0 store a $last 2");
      written(c, scene, n, "after another store by the same CPU");
      scene.play("cpu1 store b 22 3");
      scene.huge("b", HugeScene.FIRST, true, "that was written by");
      scene.play("munmap b 20 $n; exit b; munmap a 20 $n; sync f; evict f");
      scene.play("mmap a 20 $n r-- shared f 0; expect cpu0 load a $mid is 1");
      scene.play("expect cpu0 load a $last is 2; expect cpu1 load a 22 is 3");
    }
  }

  private static void written(ClauseContext c, HugeScene scene, long expected, String when) {
    long written = scene.system().writeBack(file(scene));
    c.check(written == expected, "%d pages written back %s".formatted(expected, when), written);
  }

  @Clause(
      id = "THP-34",
      text =
          "A leaf of a file goes where a part of it is changed, and its pages come back one by one",
      source = "kernel: __split_huge_pmd_locked, vma_adjust_trans_huge, move_huge_pmd",
      check = "HugeLeaves.cut, split; HugeMove; what locked mappings count; Zap.keepAccessed")
  static void partsAreMappedByEntries(ClauseContext c) {
    try (HugeScene scene = new HugeScene(c)) {
      int n = (int) scene.pages();
      scene.play(SHARED + "cpu0 store a $mid 1; cpu1 store a $last 2; mprotect a 20 $n r--");
      scene.huge("a", HugeScene.FIRST, true, "that was protected whole");
      scene.play("expect cpu0 store a $mid 3 is fault: not permitted; mprotect a 20 $n rw-");
      scene.play("mremap a 20 $n $n to $behind; expect cpu1 load a $behind is 0");
      scene.huge("a", HugeScene.FIRST + n, true, "that was moved");
      scene.play("mlock a $behind $n");
      long locked = scene.system().mlockedPages();
      c.check(locked == n, n + " pages locked", locked);
      long head = scene.pfn("a", HugeScene.FIRST + n);
      scene.play("munlock a $behind 2");
      used(c, scene, head, "split");
      filePages(c, scene, "a", 0);
      written(c, scene, n, "after a leaf that was stored through went");
      locked = scene.system().mlockedPages();
      c.check(locked == 0, "no page locked that is not mapped", locked);
      scene.play(
          "munlock a $behind $n; mremap a $behind $n $n to 20; expect cpu0 load a $mid is 1");
      scene.play("munmap a 21 3; cpu0 store a $mid 4; expect cpu1 load a $last is 2");
      scene.huge("a", HugeScene.FIRST + n / 2, false, "of which a part is unmapped");
      scene.play("start b; mmap b 20 $n rw- shared f 0; expect cpu1 load b $mid is 4");
      scene.huge("b", HugeScene.FIRST, true, "of another");
      scene.folios().clear(head, PageFlag.REFERENCED);
      scene.play("munmap b 20 $n");
      used(c, scene, head, "unmapped");
      scene.play("mmap b 20 $n rw- shared f 0; cpu1 load b $mid");
      scene.huge("b", HugeScene.FIRST, true, "that is back");
      scene.play("dontneed b 20 1; expect cpu1 load b $last is 2; exit a; exit b");
    }
  }

  /** Reclaim is to know of it, who finds no leaf that would say so. */
  private static void used(ClauseContext c, HugeScene scene, long head, String how) {
    boolean kept = scene.folios().testAndClear(head, PageFlag.REFERENCED);
    c.check(kept, "a folio used by a leaf that was " + how, "it is not known to be");
  }

  @Clause(
      id = "THP-35",
      text =
          "A file that comes to end within a leaf has pages there, and one that nobody used goes"
              + " whole",
      source = "kernel: truncate_inode_partial_folio, try_to_unmap_one with TTU_SPLIT_HUGE_PMD",
      check = "FileRmap.unmap, truncate; SplitFolios.across, splitLeaves")
  static void cutOffAndReclaimed(ClauseContext c) {
    try (HugeScene scene = new HugeScene(c)) {
      int n = (int) scene.pages();
      scene.play(SHARED + "cpu0 store a 21 1; cpu1 store a $last 2");
      Folios folios = scene.folios();
      ReclaimCounts counts = scene.system().reclaim(1);
      c.check(counts.freed() == n && counts.fileWrites() == n, n + " pages written, freed", counts);
      scene.play("expect cpu0 load a 21 is 1; expect cpu0 load a $last is 2");
      scene.huge("a", HugeScene.FIRST, true, "that is back");
      long head = scene.pfn("a", HugeScene.FIRST);
      scene.play("truncate f 3; expect cpu0 load a 23 is fault: beyond the file");
      c.check(!folios.isLarge(head), "single pages", "a large folio");
      scene.play("expect cpu0 load a 21 is 1; truncate f $n; expect cpu1 load a $last is 0");
      // Who holds it keeps the folio, of which the file has what is before its end.
      scene.play("truncate f 0; truncate f $n; cpu0 store a 21 4; pin a $mid p; truncate f 3");
      scene.play("expect cpu0 load a 21 is 4; device p store 7; truncate f $n");
      scene.play("expect cpu0 load a $mid is 0; expect device p load is 7; unpin p");
      scene.play("munmap a 20 $n; truncate f 0; exit a");
      c.check(scene.scene().bench().leaked() == 0, "no frame in use", "some");
    }
  }

  @Clause(
      id = "THP-37",
      text = "When a table comes to be where a leaf of a file was, no CPU knows the leaf any more",
      source =
          "kernel: pmdp_huge_clear_flush in __split_huge_pmd_locked; Arm ARM D8.16; bug class 13",
      check = "HugeLeaves.emptyOfFile: HugeEntry.unmapNow, and its flush")
  static void leavesGoBeforeTables(ClauseContext c) {
    LeafWatch watch = new LeafWatch();
    try (HugeScene scene = new HugeScene(c, watch)) {
      scene.play(PRIVATE + "cpu0 load a 21; expect cpu1 load a $mid is 0");
      scene.huge("a", HugeScene.FIRST, true, "after a load");
      long va = scene.va(HugeScene.FIRST + scene.pages() / 2);
      watch.watch(c, scene.scene(), "a", va, 1);
      scene.play("cpu0 store a 21 5");
      watch.end();
      c.check(watch.tried() > 0, "a store to an entry of the table that came", "none");
      c.checkVa(!watch.gotThrough(), va, "no access by a leaf where a table is", "one of CPU 1");
      scene.play("expect cpu1 load a 21 is 5; expect cpu1 load a $mid is 0");
    }
  }
}
