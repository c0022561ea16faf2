package org.mmport.conformance;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.mmport.cpu.Access;
import org.mmport.interleave.LockOrder;
import org.mmport.machine.LockName;
import org.mmport.machine.LockRank;
import org.mmport.machine.Steps;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.VmaRights;
import org.mmport.scenario.MmBench;
import org.mmport.scenario.ScenarioCheck;
import org.mmport.scenario.ScenarioCheck.Failure;
import org.mmport.scenario.Script;
import org.mmport.scenario.StepResult;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;

/** LOCK: which locks are had for what, in which order, and until when. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "TLB", "FAULT", "COW", "ACCT"})
final class LockClauses {
  private static final int RANDOM_STEPS = 100;
  private static final int ROUNDS = 12;
  private static final int PAGES = 16;

  private LockClauses() {}

  @Clause(
      id = "LOCK-01",
      text = "Whatever processes do, locks are taken in the written order",
      source = "R2.32; kernel: lock ordering in mm/rmap.c, lockdep",
      check = "docs/design/locking.md; the two locks that the message names")
  static void locksAreTakenInOrder(ClauseContext c) {
    Steps order = c.hearing(new LockOrder());
    ScenarioCheck check = new ScenarioCheck(() -> new MmBench(c.variant(), order));
    Optional<Failure> failure = check.random(c.random().nextLong(), RANDOM_STEPS, RANDOM_STEPS);
    c.check(
        failure.isEmpty(),
        "no lock taken out of order",
        failure.map(Failure::reason).orElse("none"));
  }

  @Clause(
      id = "LOCK-02",
      text =
          "Whoever stores to a table has its lock, or has its address space or the machine for"
              + " itself",
      source = "kernel: pte_offset_map_lock, mmap_write_lock, page_table_lock; R4.18",
      check = "MmapLock: who has what alone; FastFault: what it stores, and PteTable.lock")
  static void tablesAreChangedWithTheirLocks(ClauseContext c) {
    storesHaveLocks(c, "fork a b");
    // Tables that two processes have are for whoever has the machine alone.
    storesHaveLocks(c, "fork a b lazy");
  }

  private static void storesHaveLocks(ClauseContext c, String fork) {
    LockAudit audit = new LockAudit();
    try (Scene scene = new Scene(c, c.hearing(audit))) {
      scene.play(
          """
          start a
          mmap a 0 40 rw- private
          cpu0 store a 0 1
          cpu0 store a 39 1
          %s
          """
              .formatted(fork));
      AddressSpace a = scene.process("a");
      AddressSpace b = scene.process("b");
      audit.watch(scene.bench().memory(), scene.bench().frames(), List.of(a, b));
      RealThreads.run(
          c,
          List.of(
              () -> touchAll(c, a, 0), () -> touchAll(c, a, 1), () -> change(c, b, c.random())));
      audit.watchNoMore();
      c.check(
          audit.broken().isEmpty(), "each store with a lock for it", audit.broken().orElse("none"));
      scene.sound("after three threads and '%s'".formatted(fork));
    }
  }

  /** Writes to and reads from each page of all mappings, beginning where another does not. */
  private static void touchAll(ClauseContext c, AddressSpace space, int offset) {
    long page = c.geometry().pageBytes();
    long va = space.vmas().getFirst().firstVa();
    for (int i = 0; i < 2 * PAGES; i++) {
      long at = va + (i + offset * PAGES) % (2 * PAGES) * page;
      space.fault(at, i % 3 == 0 ? Access.USER_READ : Access.USER_WRITE);
      space.fault(at, Access.USER_WRITE);
    }
  }

  /** Maps, touches, protects and drops memory beside what there is, and drops some of that. */
  private static void change(ClauseContext c, AddressSpace space, Random random) {
    long page = c.geometry().pageBytes();
    long first = space.vmas().getFirst().firstVa();
    for (int i = 0; i < ROUNDS; i++) {
      space.dontNeed(first + i * page, page);
      long va = Regions.map(c, space, PAGES);
      for (int j = 0; j < PAGES; j++) {
        space.fault(va + j * page, Access.USER_WRITE);
      }
      space.mprotect(va + random.nextInt(PAGES) * page, page, VmaRights.READ);
      space.dontNeed(va + random.nextInt(PAGES) * page, page);
      space.munmap(va, PAGES * page);
    }
  }

  @Clause(
      id = "LOCK-03",
      text = "No lock is held when an operation is done, is refused, or is out of memory",
      source = "kernel: lockdep_sys_exit; R2.40",
      check = "the operation that the message names: what gives the lock back where it throws")
  static void nothingIsHeldAfter(ClauseContext c) {
    LockAudit audit = new LockAudit();
    Steps heard = c.hearing(audit);
    for (String step :
        List.of(
            "fork a b",
            "cpu0 store a 3 9",
            "mmap a 60 4 rw- shared",
            "munmap a 0 1",
            "mremap a 0 4 4 to 50000",
            "mlock a 2 1",
            "reclaim 1")) {
      int permitted = 0;
      while (runsOutOfMemory(c, heard, audit, step, permitted)) {
        permitted++;
      }
    }
  }

  /** Runs a step with so many allocations, and returns whether they were too few. */
  private static boolean runsOutOfMemory(
      ClauseContext c, Steps heard, LockAudit audit, String step, int permitted) {
    try (Scene scene = new Scene(c, heard)) {
      scene.play("start a");
      scene.play("mmap a 0 4 rw- private");
      scene.play("cpu0 store a 0 1");
      scene.bench().permitAllocations(permitted);
      StepResult result =
          scene.bench().simulation().run(Script.parse(List.of(step)).lines().getFirst().step());
      scene.bench().permitAllAllocations();
      c.check(
          audit.held().isEmpty(),
          "no lock held after '%s' with %d allocations".formatted(step, permitted),
          audit.held());
      refusals(c, scene.process("a"), audit);
      return result instanceof StepResult.OutOfMemory;
    }
  }

  private static void refusals(ClauseContext c, AddressSpace space, LockAudit audit) {
    long page = c.geometry().pageBytes();
    List<Runnable> wrong =
        List.of(
            () -> space.munmap(1, page),
            () -> space.mprotect(page, page, VmaRights.READ),
            () -> space.dontNeed(page, -page),
            () -> Regions.mapAt(space, page + 1, page));
    for (int i = 0; i < wrong.size(); i++) {
      try {
        wrong.get(i).run();
        c.check(false, "refusal " + i, "it was done");
      } catch (InvalidRequestException e) {
        c.check(audit.held().isEmpty(), "no lock held after refusal " + i, audit.held());
      }
    }
  }

  @Clause(
      id = "LOCK-09",
      text =
          "Whoever changes what address spaces have in common takes its lock: who maps a file or a"
              + " family's memory, memory of tables, frames, the swap cache",
      source = "kernel: i_mmap_lock_write in vma_link_file, anon_vma_lock_write, zone->lock; R2.32",
      check = "Mappings, TableSpace, SwapCache, NodeFrames: the lock that the message names")
  static void whatIsSharedHasLocks(ClauseContext c) {
    Taken taken = new Taken();
    try (Scene scene = new Scene(c, c.hearing(taken))) {
      scene.play("file f 4; start a");
      takes(c, scene, taken, "mmap a 0 4 rw- shared f 0", LockRank.I_MMAP);
      takes(c, scene, taken, "mmap a 4 4 rw- private", LockRank.I_MMAP);
      takes(c, scene, taken, "cpu0 load a 0", LockRank.FILE, LockRank.NODE);
      takes(c, scene, taken, "cpu0 store a 4 1", LockRank.NODE);
      if (c.geometry().rootLevel() != Level.PTE) {
        // Behind page 20 tables of every level begin anew.
        scene.play("mmap a 30 1 rw- private");
        takes(c, scene, taken, "cpu0 store a 30 1", LockRank.TABLE_MEMORY);
        takes(c, scene, taken, "munmap a 30 1", LockRank.TABLE_MEMORY, LockRank.I_MMAP);
      }
      scene.play("cpu0 store a 5 2; reclaim 9; reclaim 9; cpu0 load a 4");
      takes(c, scene, taken, "dontneed a 4 4", LockRank.SWAP_CACHE);
      takes(c, scene, taken, "munmap a 0 4", LockRank.I_MMAP);
      takes(c, scene, taken, "fork a b", LockRank.I_MMAP);
      takes(c, scene, taken, "exit b", LockRank.I_MMAP, LockRank.TABLE_MEMORY);
    }
  }

  @Clause(
      id = "LOCK-10",
      text =
          "Whoever counts a process's pages has the machine, alone or with others: else nobody could"
              + " have their counts for himself",
      source = "R4.5; kernel: mmap_write_lock(oldmm) in dup_mmap, though it counts atomically",
      check = "SinglePages, which stores counts; MmapLock.singlePages: who may; MmSystem.locked")
  static void pagesAreCountedWithTheMachine(ClauseContext c) {
    LockAudit audit = new LockAudit();
    try (Scene scene = new Scene(c, c.hearing(audit))) {
      scene.play("start a; mmap a 0 40 rw- private; cpu0 store a 0 1; fork a b");
      AddressSpace a = scene.process("a");
      AddressSpace b = scene.process("b");
      audit.watch(scene.bench().memory(), scene.bench().frames(), List.of(a, b));
      RealThreads.run(c, List.of(() -> touchAll(c, a, 0), () -> change(c, b, c.random())));
      scene.play("fork a d; cpu0 store d 1 2; munmap d 0 4; reclaim 4; exit d");
      audit.watchNoMore();
      c.check(audit.broken().isEmpty(), "the machine had with it", audit.broken().orElse("none"));
    }
  }

  private static void takes(
      ClauseContext c, Scene scene, Taken taken, String step, LockRank... ranks) {
    taken.ranks.clear();
    scene.play(step);
    for (LockRank rank : ranks) {
      c.check(
          taken.ranks.contains(rank), "'%s' to take lock %s".formatted(step, rank), taken.ranks);
    }
  }

  /** Kinds of locks that were taken. */
  private static final class Taken implements Steps {
    private final Set<LockRank> ranks = EnumSet.noneOf(LockRank.class);

    @Override
    public void entry(Kind kind, long hostAddr) {
      // Locks alone are of interest.
    }

    @Override
    public void folio(Kind kind, long pfn) {
      // Locks alone are of interest.
    }

    @Override
    public void acquire(LockName lock) {
      ranks.add(lock.rank());
    }

    @Override
    public void release(LockName lock) {
      // It was taken.
    }
  }
}
