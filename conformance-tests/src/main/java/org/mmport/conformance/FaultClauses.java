package org.mmport.conformance;

import org.mmport.cpu.Access;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.MmCounters;
import org.mmport.spi.MmuFeature;

/** FAULT: what a process meets where hardware stops. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB"})
final class FaultClauses {
  private FaultClauses() {}

  @Clause(
      id = "FAULT-01",
      text = "Memory that was never written reads as zero, and costs no page",
      source = "kernel: do_anonymous_page maps the zero page for reads",
      check = "PageFaults.missing")
  static void unwrittenMemoryIsZero(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 40 rw- private
          expect cpu0 load a 0 is 0
          expect cpu1 load a 39 is 0
          """);
      MmCounters counters = scene.process("a").counters();
      c.check(counters.residentPages() == 0, "no page counted", counters);
    }
  }

  @Clause(
      id = "FAULT-02",
      text = "A page that is written is the writer's own, also where it was read before",
      source = "kernel: do_wp_page, the zero page is never written",
      check = "PageFaults.writeProtected for the zero page; whether the entry permits writing")
  static void writtenPagesAreOwn(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 4 rw- private
          expect cpu0 load a 0 is 0
          expect cpu0 load a 1 is 0
          cpu0 store a 0 7
          cpu1 store a 2 9
          expect cpu0 load a 0 is 7
          expect cpu1 load a 1 is 0
          expect cpu0 load a 2 is 9
          """);
      long pages = scene.process("a").counters().anonPages();
      c.check(pages == 2, "2 pages counted", pages);
    }
  }

  @Clause(
      id = "FAULT-03",
      text = "Where nothing is mapped, or not for that, an access is a fault of that kind",
      source = "kernel: SEGV_MAPERR and SEGV_ACCERR",
      check = "PageFaults.handle: the mapping before anything else")
  static void whatIsNotPermittedFaults(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 1 2 r-- private
          expect cpu0 load a 0 is fault: not mapped
          expect cpu0 load a 3 is fault: not mapped
          expect cpu0 load a 1 is 0
          expect cpu0 store a 1 5 is fault: not permitted
          expect cpu0 store a 2 5 is fault: not permitted
          mprotect a 1 1 ---
          expect cpu0 load a 1 is fault: not permitted
          expect cpu1 load a 2 is 0
          munmap a 1 2
          expect cpu0 load a 1 is fault: not mapped
          """);
    }
  }

  @Clause(
      id = "FAULT-04",
      text = "Pages that may not be executed are not",
      source = "kernel: VM_EXEC; each port's bit",
      check = "the rights of leaves for fetches, and those of tables above them",
      requires = MmuFeature.NO_EXECUTE)
  static void whatIsNotExecutableIsNotExecuted(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 2 rw- private
          cpu0 store a 0 7
          expect cpu0 fetch a 0 is fault: not permitted
          mprotect a 0 1 r-x
          expect cpu0 fetch a 0 is 7
          expect cpu0 store a 0 8 is fault: not permitted
          expect cpu0 fetch a 1 is fault: not permitted
          """);
    }
  }

  @Clause(
      id = "FAULT-05",
      text = "Rights that are taken and given back leave what pages hold",
      source = "kernel: change_protection; PROT_NONE keeps the page",
      check = "modify to PROT_NONE and back; that the fault after it makes writable again")
  static void rightsComeAndGo(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 3 rw- private
          cpu0 store a 0 1
          cpu0 store a 1 2
          mprotect a 0 3 ---
          mprotect a 0 3 r--
          expect cpu0 load a 0 is 1
          expect cpu0 store a 0 9 is fault: not permitted
          mprotect a 0 3 rw-
          expect cpu1 load a 1 is 2
          cpu1 store a 1 3
          expect cpu0 load a 1 is 3
          expect cpu0 load a 2 is 0
          """);
    }
  }

  @Clause(
      id = "FAULT-06",
      text = "What was dropped reads as zero again, and its page is given back",
      source = "madvise(2): MADV_DONTNEED; kernel: zap_pte_range",
      check = "Zap: entry, counters, reference; the flush before the page is free")
  static void droppedPagesAreZero(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 30 rw- private
          cpu0 store a 0 1
          cpu0 store a 29 2
          dontneed a 0 30
          """);
      MmCounters counters = scene.process("a").counters();
      c.check(counters.residentPages() == 0, "no page counted", counters);
      scene.play(
          """
          expect cpu0 load a 0 is 0
          expect cpu0 load a 29 is 0
          cpu0 store a 29 3
          expect cpu1 load a 29 is 3
          """);
    }
  }

  @Clause(
      id = "FAULT-07",
      text = "A fault that finds everything in place is spurious and changes nothing",
      source = "kernel: flush_tlb_fix_spurious_fault, pte_same in handle_pte_fault",
      check = "setAccessFlags: whether it tells that nothing changed")
  static void whatIsInPlaceIsSpurious(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 1 rw- private
          cpu0 store a 0 1
          """);
      long va = scene.process("a").vmas().getFirst().firstVa();
      FaultStatus status = scene.process("a").fault(va, Access.USER_WRITE);
      c.checkVa(status == FaultStatus.SPURIOUS, va, "a spurious fault", status);
      scene.play("expect cpu0 load a 0 is 1");
    }
  }
}
