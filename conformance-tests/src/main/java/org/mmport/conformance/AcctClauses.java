package org.mmport.conformance;

import java.util.List;
import java.util.Optional;
import org.mmport.mm.MmCounters;
import org.mmport.scenario.MmBench;
import org.mmport.scenario.ScenarioCheck;
import org.mmport.scenario.ScenarioCheck.Failure;
import org.mmport.scenario.Script;
import org.mmport.spi.Level;

/** ACCT and MODEL: everything at once, against what must come of it. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB"})
final class AcctClauses {
  private static final int MODEL_STEPS = 2_000;
  private static final int RECOUNT_EVERY = 50;

  private AcctClauses() {}

  @Clause(
      id = "ACCT-01",
      text = "When the last process is gone, no page and no table is in use",
      source = "T23; kernel: check_mm, page_owner",
      check = "AddressSpace.close, Zap, and what frees tables")
  static void nothingIsLeft(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 40 rw- private
          cpu0 store a 0 1
          cpu0 store a 39 1
          fork a b
          cpu0 store a 0 2
          cpu1 store b 20 2
          munmap b 10 20
          fork b c
          exit a
          exit c
          exit b
          """);
      long left = scene.bench().leaked();
      c.check(left == 0, "no frame in use", left);
    }
  }

  @Clause(
      id = "ACCT-02",
      text = "Where memory runs out within an operation, all is as before and nothing is lost",
      source = "R2.40, R3.26: no half-done fork",
      check = "what is allocated before anything changes, and what is given back")
  static void runningOutLosesNothing(ClauseContext c) {
    List<String> last =
        List.of(
            "fork a b",
            "cpu0 store a 0 9",
            "cpu0 store a 39 9",
            "cpu0 load a 20",
            "mremap a 0 40 50 to 50000",
            "mlock a 18 4");
    RunningOut out =
        new RunningOut(
            """
            start a
            mmap a 0 40 rw- private
            cpu0 store a 0 1
            cpu0 store a 1 2
            start z
            mmap z 0 1 rw- private
            """,
            """
            expect cpu0 load a 0 is 1
            expect cpu1 load a 1 is 2
            cpu0 store a 0 3
            exit a
            exit z
            """);
    last.forEach(step -> out.of(c, step));
  }

  @Clause(
      id = "ACCT-03",
      text = "Tables count as many bytes as their entries have, roots and folded levels nothing",
      source = "kernel: mm_inc_nr_puds, mm_inc_nr_pmds, mm_inc_nr_ptes; no mm_inc_nr_p4ds",
      check = "where tables are hooked and unhooked, and TableCounts for what each level counts")
  static void tablesAreCounted(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 40 rw- private
          """);
      long none = scene.process("a").counters().tables().bytes();
      c.check(none == 0, "no bytes before the first page", none);
      scene.play("cpu0 store a 0 1");
      long expected = 0;
      for (Level level : List.of(Level.PUD, Level.PMD, Level.PTE)) {
        boolean counts = level != c.geometry().rootLevel() && !c.geometry().at(level).isFolded();
        expected += counts ? (long) c.geometry().entryBytes() << indexBits(c, level) : 0;
      }
      long bytes = scene.process("a").counters().tables().bytes();
      c.check(bytes == expected, expected + " bytes for the first page", bytes);
      scene.play("munmap a 0 40");
      long left = scene.process("a").counters().tables().bytes();
      c.check(left == 0, "no bytes after the last page", left);
    }
  }

  @Clause(
      id = "ACCT-04",
      text =
          "A process that begins anew has its roots and nothing else, and sees nothing of before",
      source = "execve(2); kernel: exec_mmap, exit_mmap",
      check = "AddressSpace.exec: what Unmap leaves, and its flush, as the context stays")
  static void beginningAnewLeavesNothing(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play("start a");
      MmCounters before = scene.process("a").counters();
      scene.play(
          """
          mmap a 0 40 rw- private
          cpu0 store a 0 1
          cpu1 load a 0
          brk a 16
          mmap a 50 2 rw- shared
          cpu0 store a 50 2
          mlock a 50 1
          exec a
          """);
      MmCounters after = scene.process("a").counters();
      c.check(after.equals(before), before.toString(), after);
      scene.play(
          """
          expect cpu0 load a 0 is fault: not mapped
          expect cpu1 load a 0 is fault: not mapped
          mmap a 0 40 rw- private
          expect cpu1 load a 0 is 0
          exit a
          """);
      long left = scene.bench().leaked();
      c.check(left == 0, "no frame in use", left);
    }
  }

  private static int indexBits(ClauseContext c, Level level) {
    return c.geometry().at(level).indexBits();
  }

  @RestsOn({"FAULT", "COW", "THP", "MREMAP", "MLOCK", "NUMA", "ACCT"})
  @Clause(
      id = "MODEL-01",
      text = "Whatever processes do, they see what a model without page tables says",
      source = "fork(2), mmap(2), mprotect(2), madvise(2) as a map of bytes and rights",
      check = "the steps that the message ends with, in docs/scenarios.md's language")
  static void equalsTheModel(ClauseContext c) {
    ScenarioCheck check = new ScenarioCheck(() -> new MmBench(c.variant()));
    Optional<Failure> failure = check.random(c.random().nextLong(), MODEL_STEPS, RECOUNT_EVERY);
    if (failure.isPresent()) {
      Failure shrunk = check.shrink(failure.get());
      c.check(
          false,
          "what the model says",
          "%s; steps: %s"
              .formatted(shrunk.reason(), String.join("; ", Script.write(shrunk.steps()))));
    }
  }
}
