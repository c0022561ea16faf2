package org.mmport.conformance;

import java.util.Map;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.MmCounters;

/** MLOCK: memory that stays in memory. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB"})
final class MlockClauses {
  private MlockClauses() {}

  private static void counts(ClauseContext c, Scene scene, long locked, long inMemory) {
    MmCounters counters = scene.process("a").counters();
    c.check(counters.lockedPages() == locked, locked + " pages of locked mappings", counters);
    long pages = scene.bench().system().mlockedPages();
    c.check(pages == inMemory, inMemory + " pages locked in memory", pages);
  }

  @Clause(
      id = "MLOCK-01",
      text = "Memory that is locked is all there at once, written or not, and faults no more",
      source = "mlock(2); kernel: __mm_populate, populate_vma_page_range",
      check =
          "Mlock.populate: which access it asks for; that pages are counted where they are mapped")
  static void lockedMemoryIsThere(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 40 rw- private
          cpu0 load a 3
          cpu0 store a 4 7
          mlock a 0 30
          """);
      counts(c, scene, 30, 30);
      long pages = scene.process("a").counters().anonPages();
      c.check(pages == 30, "30 pages counted", pages);
      Map<FaultStatus, Long> before = scene.bench().system().faults();
      scene.play(
          """
          cpu0 store a 29 1
          cpu0 store a 3 1
          expect cpu0 load a 4 is 7
          """);
      Map<FaultStatus, Long> after = scene.bench().system().faults();
      c.check(after.equals(before), before.toString(), after);
    }
  }

  @Clause(
      id = "MLOCK-02",
      text = "What cannot be in memory stops the rest of it, and all is locked nevertheless",
      source = "kernel: mlock_fixup before __mm_populate, which ends at the first error",
      check = "Mlock.lock; PROT_NONE and pages beyond the file's end")
  static void whatCannotBeThereIsLocked(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          file f 2
          mmap a 0 3 rw- private f 0
          mmap a 3 1 rw- private
          expect mlock a 0 4 is fault: beyond the file
          """);
      counts(c, scene, 4, 2);
      scene.play(
          """
          mmap a 10 1 --- private
          expect mlock a 10 1 is fault: not permitted
          expect mlock a 8 3 is refused
          """);
      counts(c, scene, 5, 2);
      scene.play("truncate f 1");
      counts(c, scene, 5, 1);
      scene.play("cpu0 store a 3 1; truncate f 3; cpu0 load a 1");
      counts(c, scene, 5, 3);
    }
  }

  @Clause(
      id = "MLOCK-03",
      text = "A page is locked as long as a locked mapping maps it, whoever else does",
      source = "kernel: mlock_vma_folio, munlock_vma_folio, mlock_count",
      check = "MlockCounts, and who tells it of pages that are mapped and unmapped")
  static void pagesAreLockedAsLongAsMapped(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 4 rw- shared
          mmap a 8 4 rw- private
          mlock a 0 4
          mlock a 8 4
          fork a b
          mlock b 0 2
          """);
      counts(c, scene, 8, 8);
      scene.play("cpu0 store a 8 1; cpu1 store b 9 1; cpu0 store a 9 2");
      counts(c, scene, 8, 8);
      scene.play("munlock a 0 3");
      counts(c, scene, 5, 7);
      scene.play("munmap a 10 1; mremap a 3 1 1 to 60; exit b");
      counts(c, scene, 4, 4);
      scene.play("start z; exit a; start a");
      counts(c, scene, 0, 0);
    }
  }

  @Clause(
      id = "MLOCK-04",
      text = "Locked memory is not dropped; a child's is not locked",
      source = "kernel: madvise_dontneed_free_valid_vma refuses VM_LOCKED; dup_mmap clears it",
      check = "AddressSpace.dontNeed and fork")
  static void lockedMemoryIsNotDropped(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 4 rw- private
          cpu0 store a 0 1
          mlock a 2 2
          expect dontneed a 0 4 is refused
          expect cpu0 load a 0 is 1
          dontneed a 0 2
          expect cpu0 load a 0 is 0
          fork a b
          dontneed b 0 4
          munlock a 2 2
          dontneed a 0 4
          """);
      counts(c, scene, 0, 0);
    }
  }

  @Clause(
      id = "MLOCK-05",
      text = "What a locked mapping gains is in memory too: its new pages, its own copies",
      source = "kernel: do_mremap populates what is added; mprotect_fixup, what may be written now",
      check = "Mremap.populate, Mlock.populateWritable")
  static void whatIsGainedIsThere(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 2 rw- private
          mlock a 0 2
          mremap a 0 2 5
          """);
      counts(c, scene, 5, 5);
      scene.play("mremap a 0 5 7 to 60");
      counts(c, scene, 7, 7);
      scene.play(
          """
          file f 2
          mmap a 30 2 r-- private f 0
          mlock a 30 2
          mprotect a 30 2 rw-
          """);
      counts(c, scene, 9, 9);
      MmCounters counters = scene.process("a").counters();
      c.check(counters.anonPages() == 9 && counters.filePages() == 0, "9 own pages", counters);
    }
  }
}
