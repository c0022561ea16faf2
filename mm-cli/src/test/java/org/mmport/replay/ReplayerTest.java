package org.mmport.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.MmSystem;
import org.mmport.scenario.Invariants;
import org.mmport.scenario.ScenarioCounts;
import org.mmport.spi.MmuVariant;

/** Real traces on machines of all variants: counts that follow from the program by hand. */
class ReplayerTest {
  private static Replayer fork(String variant) {
    return Traces.replayed(variant, Populate.AS_TRACED, Traces.reader(Traces.real("fork.lackey")));
  }

  private static List<Long> faults(ScenarioCounts counts) {
    return List.of(
        counts.faults(FaultStatus.MINOR),
        counts.faults(FaultStatus.COPIED),
        counts.faults(FaultStatus.REUSED),
        counts.faults().values().stream().mapToLong(Long::longValue).sum());
  }

  /**
   * docs/examples/fork.c: its code, its stack and 16 pages that it writes are there at once. While
   * the child has them too it writes 4, which are copied. After that it writes 4 others and one of
   * those that it keeps, which are its own again. Its code is memory that reads as zeros, since the
   * trace does not have it: 17 pages, and 4 copies.
   */
  @Test
  void aProgramThatForksInPagesOf4K() {
    for (String id : List.of("x86_64/4level", "x86/2level", "x86/pae", "ppc64/hash-4k")) {
      try (Replayer machine = fork(id)) {
        assertEquals(List.of(18L, 4L, 5L, 27L), faults(machine.counts()), id);
        assertEquals(21, machine.counts().pages(), id);
        assertEquals(2, machine.tasksStarted());
      }
    }
  }

  /**
   * All 16 pages are one: it is there at once, copied once while the child has it, and its own when
   * it is. Half of it is unmapped and a quarter may not be written; the page stays and may be.
   */
  @Test
  void theSameInPagesOf64K() {
    for (String id : List.of("arm64/64k-va48", "ppc64/radix-64k", "ppc64/hash-64k")) {
      try (Replayer machine = fork(id)) {
        assertEquals(List.of(3L, 1L, 0L, 4L), faults(machine.counts()), id);
        assertEquals(3, machine.counts().pages(), id);
      }
    }
  }

  @Test
  void whatWasDoneInAnotherWayIsSaid() {
    try (Replayer machine = fork("arm64/64k-va48")) {
      assertEquals(
          List.of(
              "adapted access: a page that the trace does not show being mapped x2 @7",
              "adapted mremap: what it gained is mapped by itself x1 @158",
              "without effect exit_group: changes no mapping x1 @172"),
          Traces.notes(machine));
    }
    try (Replayer machine = fork("x86/2level")) {
      assertTrue(
          Traces.notes(machine)
              .contains("adapted access: beyond the user's addresses: brought within them x1 @8"));
    }
  }

  /** Every process ends in the trace, so nothing may be left; nothing is refused on any variant. */
  @Test
  void processesThatForkAndExecLeaveNothingBehind() {
    for (MmuVariant variant : Traces.variants()) {
      try (Replayer machine =
          Traces.replayed(
              variant.id(), Populate.ALL, Traces.reader(Traces.real("script.strace")))) {
        assertEquals(0, machine.machine().system().spaces().size(), variant.id());
        assertEquals(7, machine.tasksStarted(), variant.id());
        assertEquals(
            Optional.empty(),
            machine.notes().stream()
                .filter(note -> note.kind().compareTo(Note.Kind.ADAPTED) < 0)
                .findFirst(),
            variant.id());
        assertEquals(
            Optional.empty(), new Invariants(machine.machine().system()).broken(), variant.id());
        assertTrue(machine.counts().pages() > 20, variant.id());
      }
    }
  }

  @Test
  void whatFailedThereFailsHereToo() {
    try (Replayer machine =
        Traces.replayed(
            "x86_64/4level", Populate.AS_TRACED, Traces.reader(Traces.real("threads.strace")))) {
      List<String> notes =
          Traces.notes(machine).stream().filter(note -> !note.startsWith("adapted")).toList();
      assertEquals(
          List.of(
              "failed in both mprotect: ENOMEM x1 @68",
              "failed in both mmap: EINVAL x1 @69",
              "failed in both munmap: EINVAL x1 @70",
              "failed in both mmap: EEXIST x1 @71",
              "without effect exit_group: changes no mapping x2 @74",
              "without effect wait4: changes no mapping x1 @76"),
          notes);
      assertEquals(0, machine.machine().system().spaces().size());
    }
  }

  private static List<String> notes(String variant, String... lines) {
    try (Replayer machine = Traces.replayed(variant, Populate.AS_TRACED, Traces.reader(lines))) {
      assertEquals(Optional.empty(), new Invariants(machine.machine().system()).broken());
      return Traces.notes(machine);
    }
  }

  private static final String MAPPED =
      "mmap(NULL, 65536, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x10000";

  @Test
  void whatOnlyFailedThereIsCountedAndTakenBack() {
    assertEquals(
        List.of(
            "failed there mmap: ENOMEM x1 @2",
            "failed there mprotect: EACCES x1 @3",
            "failed there mremap: ENOMEM x2 @4",
            "failed there mlock: EPERM x1 @6",
            "failed there brk: the end stayed x1 @8",
            "not tried munmap: ENOMEM x1 @9",
            "not tried fork: EAGAIN x1 @10"),
        notes(
            "x86_64/4level",
            MAPPED,
            "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 ENOMEM (Cannot)",
            "mprotect(0x10000, 4096, PROT_READ) = -1 EACCES (Permission denied)",
            "mremap(0x10000, 65536, 131072, MREMAP_MAYMOVE) = -1 ENOMEM (Cannot)",
            "mremap(0x10000, 65536, 131072, 0) = -1 ENOMEM (Cannot)",
            "mlock(0x10000, 4096) = -1 EPERM (Operation not permitted)",
            "brk(NULL) = 0x900000",
            "brk(0x910000) = 0x900000",
            "munmap(0x10000, 4096) = -1 ENOMEM (Cannot)",
            "fork() = -1 EAGAIN (Resource)",
            // All as before: writable, in its place, of its size, and not locked.
            " S 00010000,8",
            " S 0001fff8,8",
            "mmap(0x20000, 65536, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x20000",
            "madvise(0x10000, 65536, MADV_DONTNEED) = 0"));
  }

  @Test
  void whatOnlyWentThroughThereIsCounted() {
    assertEquals(
        List.of(
            "refused here access: not permitted x1 @3",
            "refused here munmap: ...: not the start of a page of 4 KiB, or its size is not one x1"
                + " @4",
            "not replayed madvise: MADV_PAGEOUT x1 @5",
            "not replayed munmap: the trace does not have its beginning x1 @6"),
        notes(
            "arm64/4k-va48",
            MAPPED,
            "mprotect(0x10000, 4096, PROT_READ) = 0",
            " S 00010008,8",
            "munmap(0x10001, 4096) = 0",
            "madvise(0x10000, 4096, MADV_PAGEOUT) = 0",
            "<... munmap resumed>) = 0"));
    // The trace's machine had room for it.
    assertEquals(
        List.of("refused here mmap: no room among user addresses of 32 bits x1 @1"),
        notes(
                "x86/pae",
                "mmap(NULL, 17179869184, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) ="
                    + " 0x7f0000000000")
            .stream()
            .map(note -> note.replaceAll("of \\d\\d bits", "of 32 bits"))
            .toList());
  }

  /** Of what such a call did nothing is known, whichever way the trace shows it. */
  @Test
  void aCallInWhichItsProcessWasKilledIsNoted() {
    assertEquals(
        List.of("not replayed munmap: its process was killed in its midst x1 @2"),
        notes(
            "x86_64/4level",
            MAPPED,
            "munmap(0x10000, 4096 <unfinished ...>) = ?",
            "+++ killed by SIGKILL +++"));
    assertEquals(
        List.of("not replayed munmap: its process was killed in its midst x1 @3"),
        notes(
            "x86_64/4level",
            MAPPED,
            "munmap(0x10000, 4096 <unfinished ...>",
            "+++ killed by SIGKILL +++"));
  }

  /** Of three pages that were written two are freed, of which one is written again. */
  @Test
  void whatIsFreedLazilyMayGoUnlessItIsWritten() {
    try (Replayer machine =
        Traces.replayed(
            "x86_64/4level",
            Populate.AS_TRACED,
            Traces.reader(
                MAPPED,
                " S 00010000,8",
                " S 00011000,8",
                " S 00012000,8",
                "madvise(0x10000, 8192, MADV_FREE) = 0",
                " S 00011000,8"))) {
      assertEquals(List.of(), Traces.notes(machine));
      MmSystem system = machine.machine().system();
      assertEquals(1, system.reclaim(100).lazyFreed());
      assertEquals(2, system.spaces().getFirst().counters().anonPages());
    }
  }

  /** 0x10ffe and the three bytes behind it lie in two pages of 4 KiB and in one of 64. */
  @Test
  void anAccessOverTwoPagesTouchesBoth() {
    assertEquals(2, pagesAfterOneStore("x86_64/4level"));
    assertEquals(1, pagesAfterOneStore("arm64/64k-va48"));
  }

  private static long pagesAfterOneStore(String variant) {
    try (Replayer machine =
        Traces.replayed(variant, Populate.AS_TRACED, Traces.reader(MAPPED, " S 00010ffe,4"))) {
      return machine.counts().pages();
    }
  }

  /** Pages of 4 KiB within one of 64: each right that any has, and there until the last goes. */
  @Test
  void aPageOfTheVariantIsThereForAllThatHaveAPartOfIt() {
    assertEquals(
        List.of(
            "refused here access: not permitted x1 @8",
            "adapted mmap: shares a page of the variant with another mapping x1 @3",
            "adapted access: a page that the trace does not show being mapped x1 @10"),
        notes(
            "arm64/64k-va48",
            "mmap(0x10000, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x10000",
            " L 00010000,1",
            "mmap(0x11000, 4096, PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x11000",
            " S 00010000,1",
            " S 00011000,1",
            "munmap(0x11000, 4096) = 0",
            " L 00010000,1",
            " S 00010000,1",
            "munmap(0x10000, 4096) = 0",
            " L 00012000,1",
            "I  00012000,1"));
  }

  @Test
  void programsOfSeveralTracesTakeTurns() {
    byte[] trace = Traces.real("fork.lackey");
    try (Replayer one = fork("x86_64/4level");
        Replayer two =
            Traces.replayed(
                "x86_64/4level", Populate.AS_TRACED, Traces.reader(trace), Traces.reader(trace))) {
      assertEquals(
          2 * one.counts().faults(FaultStatus.COPIED), two.counts().faults(FaultStatus.COPIED));
      assertEquals(
          2 * one.counts().faults(FaultStatus.MINOR), two.counts().faults(FaultStatus.MINOR));
      assertEquals(4, two.tasksStarted());
    }
  }
}
