package org.mmport.conformance;

import org.mmport.cpu.Access;
import org.mmport.machine.Folios;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.FaultStatus;

/** COW: pages that several processes have until one of them writes. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB"})
final class CowClauses {
  private CowClauses() {}

  @Clause(
      id = "COW-01",
      text = "After a fork neither sees what the other writes, whoever writes first",
      source = "fork(2); kernel: copy_present_ptes write-protects both",
      check = "Fork.copyEntry: wrProtect of the parent's entry, its flush, and the child's entry")
  static void writesAreOwn(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 40 rw- private
          cpu0 store a 0 1
          cpu0 store a 1 2
          cpu0 store a 39 3
          fork a b
          cpu0 store a 0 11
          cpu1 store b 1 12
          expect cpu1 load b 0 is 1
          expect cpu0 load a 1 is 2
          expect cpu0 load a 0 is 11
          expect cpu1 load b 1 is 12
          expect cpu1 load b 39 is 3
          expect cpu0 load b 2 is 0
          exit a
          expect cpu1 load b 39 is 3
          expect cpu1 load b 0 is 1
          """);
    }
  }

  @Clause(
      id = "COW-02",
      text = "Until somebody writes, a fork costs no page",
      source = "kernel: copy_present_ptes takes references",
      check = "Fork.copyEntry: who allocates pages")
  static void forksShare(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 8 rw- private
          cpu0 store a 0 1
          cpu0 store a 7 2
          """);
      long before = scene.bench().system().folios().allocated();
      scene.play(
          """
          fork a b
          fork b c
          expect cpu1 load c 7 is 2
          """);
      long after = scene.bench().system().folios().allocated();
      c.check(before == after, before + " pages", after);
      long counted = scene.process("c").counters().anonPages();
      c.check(counted == 2, "2 pages counted in the grandchild", counted);
    }
  }

  @Clause(
      id = "COW-03",
      text = "The last one that has a page writes it as it is; before that, a write copies",
      source = "kernel: wp_can_reuse_anon_folio",
      check = "AnonPages.reuse: the references")
  static void theLastOneTakesOver(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 1 rw- private
          cpu0 store a 0 1
          fork a b
          fork a c
          """);
      AddressSpace a = scene.process("a");
      long va = a.vmas().getFirst().firstVa();
      comesTo(c, va, FaultStatus.COPIED, a);
      comesTo(c, va, FaultStatus.COPIED, scene.process("b"));
      comesTo(c, va, FaultStatus.REUSED, scene.process("c"));
      scene.sound("after three writes");
    }
  }

  private static void comesTo(ClauseContext c, long va, FaultStatus expected, AddressSpace space) {
    FaultStatus status = space.fault(va, Access.USER_WRITE);
    c.checkVa(status == expected, va, "a write to be " + expected, status);
  }

  @Clause(
      id = "COW-04",
      text = "A pinned page stays its owner's at a fork: the child gets a copy",
      source = "kernel: folio_try_dup_anon_rmap_pte, copy_present_page; R4.3, R4.7",
      check = "AnonPages.tryDup and what Fork.copyEntry does where it says no")
  static void pinnedPagesStay(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 2 rw- private
          cpu0 store a 0 1
          cpu0 store a 1 2
          """);
      AddressSpace a = scene.process("a");
      Folios folios = scene.bench().system().folios();
      long va = a.vmas().getFirst().firstVa();
      long pinned = a.pageTable().translate(va) >>> c.geometry().pageShift();
      folios.pin(pinned, 1);
      scene.play(
          """
          fork a b
          cpu0 store a 0 5
          expect cpu1 load b 0 is 1
          expect cpu0 load a 0 is 5
          expect cpu1 load b 1 is 2
          """);
      long now = a.pageTable().translate(va) >>> c.geometry().pageShift();
      c.checkVa(now == pinned, va, "the pinned page 0x%x".formatted(pinned), now);
      folios.unpin(pinned, 1);
    }
  }

  @Clause(
      id = "COW-05",
      text = "Memory that is shared stays so over a fork",
      source = "mmap(2): MAP_SHARED; kernel: a shared mapping is not copied, faults bring it back",
      check = "Fork.vmas: which mappings it leaves out; whose pages a shared fault finds")
  static void sharedStaysShared(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 3 rw- shared
          cpu0 store a 0 1
          fork a b
          cpu1 store b 0 2
          cpu1 store b 1 3
          expect cpu0 load a 0 is 2
          expect cpu0 load a 1 is 3
          dontneed a 0 3
          expect cpu0 load a 1 is 3
          exit b
          expect cpu0 load a 0 is 2
          """);
    }
  }

  @Clause(
      id = "COW-06",
      text =
          "A store that copies a page, and of which a flush fails, leaves all as before, and can be"
              + " done again",
      source = "a failed request changes nothing; FLUSH-32; kernel: wp_page_copy, ptep_clear_flush",
      check = "WriteProtectedFault.writeProtected: the entry is empty while it is flushed")
  static void failedFlushesLosePages(ClauseContext c) {
    FailingFlushes of =
        new FailingFlushes(
            """
            folios 4
            file f 2
            start a
            mmap a 4 16 rw- private
            cpu0 store a 4 1
            mmap a 0 2 rw- private
            cpu0 load a 0
            cpu1 load a 0
            cpu1 store a 1 3
            mmap a 24 2 rw- private f 0
            cpu0 load a 24
            fork a b
            cpu1 load b 5
            """,
            """
            expect cpu1 load a 4 is 1
            expect cpu0 load b 1 is 3
            expect cpu0 load b 4 is 1
            expect cpu1 load b 5 is 0
            exit a
            exit b
            truncate f 0
            """);
    for (String store : new String[] {"a 0 7", "a 24 7", "b 0 7", "b 6 7"}) {
      of.of(c, "cpu0 store " + store);
    }
  }
}
