package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.mmport.cpu.Access;
import org.mmport.interleave.Exploration;
import org.mmport.interleave.Explorer;
import org.mmport.interleave.ForwardingSteps;
import org.mmport.interleave.MmScene;
import org.mmport.interleave.Program;
import org.mmport.machine.Steps;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.FilePages;
import org.mmport.mm.MemoryStorage;
import org.mmport.mm.MmSystem;
import org.mmport.mm.SegmentationFaultException;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;

/** LOCK: what must come of operations that meet, and which of them need not wait. */
@RestsOn({
  "GEO", "FMT", "FOLD", "WALK", "MAP", "FLUSH", "BATCH", "CONT", "SEG", "HASH", "TLB", "FAULT",
  "COW", "SWAP", "ACCT"
})
final class LockOutcomeClauses {
  /** Each order in which one thread is cut once. */
  private static final int PREEMPTIONS = 1;

  private static final long MAX_ORDERS = 3_000;
  private static final int ROUNDS = 25;
  private static final int PAGES = 8;

  /** For what must not wait, and is waited for when it does. */
  private static final long SECONDS = 3;

  private LockOutcomeClauses() {}

  private static void explore(ClauseContext c, Program program, String what) {
    Exploration found = new Explorer(program, MAX_ORDERS).upTo(PREEMPTIONS);
    c.check(
        found.failure().isEmpty() && found.complete(),
        what + " in every order",
        found.failure().map(Object::toString).orElse(found.toString()));
  }

  private static boolean stores(UserCpu cpu, long va, int value) {
    try {
      cpu.store(va, (byte) value);
      return true;
    } catch (SegmentationFaultException e) {
      return false;
    }
  }

  @Clause(
      id = "LOCK-04",
      text = "A store beside a munmap of its page is done or refused, and refused ever after",
      source = "kernel: mmap_lock in lock_mm_and_find_vma and do_vmi_munmap; bug class 13",
      check = "MmapLock.sharing and changing; FastFault: what it looks at before it has its lock")
  static void faultsAndMunmap(ClauseContext c) {
    explore(
        c,
        MmScene.of(
            c.variant(),
            bench -> {
              AddressSpace space = bench.system().create();
              long page = c.geometry().pageBytes();
              long va = Regions.map(c, space, 2);
              UserCpu cpu = new UserCpu(space, 1);
              AtomicBoolean gone = new AtomicBoolean();
              return new MmScene.Acts(
                  List.of(
                      () -> {
                        space.munmap(va, page);
                        gone.set(true);
                      },
                      () -> {
                        stores(cpu, va, 1);
                        boolean late = gone.get();
                        if (stores(cpu, va, 2) && late) {
                          throw new IllegalStateException("stores to what is unmapped");
                        }
                        cpu.store(va + page, (byte) 3);
                      }),
                  () ->
                      cpu.load(va + page) == 3
                          ? Optional.empty()
                          : Optional.of("the page beside it has been lost"));
            }),
        "a store done or refused");
  }

  @Clause(
      id = "LOCK-05",
      text =
          "Processes that give up the same page at once, or its copy in swap, free it once, and"
              + " whoever has it yet reads what it held",
      source = "kernel: folio_remove_rmap_ptes, free_swap_cache; R4.5",
      check = "Zap, MmSystem.release and SwapCache.unmapped: what two do at once to one folio")
  static void pagesThatSeveralGiveUp(ClauseContext c) {
    explore(c, givingUp(c, false), "a page freed once");
    explore(c, givingUp(c, true), "a page and its slot freed once");
  }

  /**
   * A parent and two children have a page; these give it up, each in its way.
   *
   * @param swapped whether it went to swap, and these two alone have it, from there
   */
  private static Program givingUp(ClauseContext c, boolean swapped) {
    return MmScene.of(
        c.variant(),
        bench -> {
          AddressSpace parent = bench.system().create();
          long page = c.geometry().pageBytes();
          long va = Regions.map(c, parent, 2);
          new UserCpu(parent, 0).store(va, (byte) 5);
          new UserCpu(parent, 0).store(va + page, (byte) 6);
          AddressSpace first = parent.fork();
          AddressSpace second = parent.fork();
          if (swapped) {
            bench.system().reclaim(2);
            parent.dontNeed(va, page);
            // While another page is in the swap cache, it is looked at for this one.
            new UserCpu(first, 0).load(va + page);
            new UserCpu(first, 0).load(va);
            new UserCpu(second, 1).load(va);
          }
          return new MmScene.Acts(
              List.of(() -> first.munmap(va, page), () -> second.dontNeed(va, page)),
              () -> {
                byte kept = new UserCpu(parent, 0).load(va);
                byte dropped = new UserCpu(second, 1).load(va);
                int slots = bench.system().swapArea().orElseThrow().usedSlots();
                return kept == (swapped ? 0 : 5) && dropped == 0 && slots == (swapped ? 1 : 0)
                    ? Optional.empty()
                    : Optional.of(
                        "reads %d and %d, and %d slots are used".formatted(kept, dropped, slots));
              });
        });
  }

  @Clause(
      id = "LOCK-06",
      text = "Processes that map, touch, protect and unmap side by side see what each does alone",
      source = "mmap(2), mprotect(2), munmap(2), madvise(2) of several threads; T23",
      check = "docs/design/locking.md: what the operations of two address spaces have in common")
  static void sideBySide(ClauseContext c) {
    try (Scene scene = new Scene(c)) {
      scene.play(
          """
          start a
          mmap a 0 40 rw- private
          cpu0 store a 0 1
          cpu0 store a 1 2
          cpu0 store a 39 3
          fork a b
          """);
      List<Runnable> bodies = new ArrayList<>();
      for (int cpu = 0; cpu < 2; cpu++) {
        UserCpu code = new UserCpu(scene.process(cpu == 0 ? "a" : "b"), cpu);
        AddressSpace space = scene.process(cpu == 0 ? "a" : "b");
        bodies.add(() -> mapAndUnmap(c, space, code));
      }
      RealThreads.run(c, bodies);
      scene.play(
          """
          expect cpu0 load a 1 is 2
          expect cpu1 load b 39 is 3
          munmap a 0 20
          expect cpu1 load b 0 is 1
          exit a
          exit b
          """);
      long left = scene.bench().leaked();
      c.check(left == 0, "no frame in use", left);
    }
  }

  private static void mapAndUnmap(ClauseContext c, AddressSpace space, UserCpu cpu) {
    long page = c.geometry().pageBytes();
    for (int round = 1; round <= ROUNDS; round++) {
      long va = Regions.map(c, space, PAGES);
      for (int i = 0; i < PAGES; i++) {
        // What is read first is the page of zeros, and copied with the machine alone.
        c.check(i % 2 == 0 || cpu.load(va + i * page) == 0, "zeros in a new page", i);
        cpu.store(va + i * page, (byte) (round + i));
        c.check(cpu.load(va + i * page + 1) == 0, "zeros behind what was stored", i);
      }
      space.mprotect(va, 2 * page, VmaRights.READ);
      c.check(!stores(cpu, va + page, 1), "no store to what is read-only", "one");
      space.dontNeed(va + 2 * page, page);
      for (int i = 0; i < PAGES; i++) {
        int expected = i == 2 ? 0 : (byte) (round + i);
        byte found = cpu.load(va + i * page);
        c.check(found == expected, "page %d to hold %d".formatted(i, expected), found);
      }
      space.munmap(va, PAGES / 2 * page);
      c.check(!stores(cpu, va, 1), "no store to what is unmapped", "one");
      space.munmap(va, PAGES * page);
    }
  }

  @Clause(
      id = "LOCK-07",
      text =
          "While one process is within a change of its mappings or a fault, another maps, touches"
              + " and unmaps memory",
      source = "kernel: one mmap_lock in each mm_struct",
      check = "MmapLock: which locks the operation shares, and what else two processes have")
  static void anotherGoesOn(ClauseContext c) {
    long page = c.geometry().pageBytes();
    anotherGoesOn(c, "munmap", (space, va) -> space.munmap(va, page));
    anotherGoesOn(c, "mprotect", (space, va) -> space.mprotect(va, page, VmaRights.READ));
    anotherGoesOn(c, "dontNeed", (space, va) -> space.dontNeed(va, page));
    anotherGoesOn(c, "a fault", (space, va) -> space.fault(va + page, Access.USER_WRITE));
  }

  private interface Change {
    void of(AddressSpace space, long va);
  }

  private static void anotherGoesOn(ClauseContext c, String what, Change change) {
    Halt halt = new Halt();
    try (Scene scene = new Scene(c, c.hearing(halt))) {
      scene.play(
          """
          start a
          start b
          """);
      AddressSpace a = scene.process("a");
      AddressSpace b = scene.process("b");
      long va = Regions.map(c, a, 2);
      new UserCpu(a, 0).store(va, (byte) 1);
      RealThreads.run(
          c,
          List.of(
              () -> {
                halt.next = Optional.of(Thread.currentThread());
                change.of(a, va);
              },
              () -> {
                boolean within = RealThreads.await(halt.within, SECONDS);
                c.check(within, what + " to store to a table", "no store");
                UserCpu cpu = new UserCpu(b, 1);
                long at = Regions.map(c, b, 1);
                cpu.store(at, (byte) 2);
                byte read = cpu.load(at);
                b.munmap(at, c.geometry().pageBytes());
                c.check(read == 2, "2 where it was stored", read);
                halt.goOn.countDown();
              }));
      c.check(!halt.late, "another process to go on within " + what, "it waits until that ends");
      scene.sound("after " + what + " beside another process");
    }
  }

  @Clause(
      id = "LOCK-08",
      text =
          "Mappings of a file that come and go side by side are found by whoever cuts the file off",
      source = "kernel: i_mmap_rwsem in unmap_mapping_pages and vma_link_file; truncate(2)",
      check = "Mappings and Rmap: who adds and removes a mapping, and what goes with the last")
  static void mappingsOfOneFile(ClauseContext c) {
    explore(c, firstAsLastGoes(c), "a mapping that truncation finds");
    try (Scene scene = new Scene(c)) {
      scene.play("start a");
      scene.play("start b");
      MmSystem system = scene.bench().system();
      FilePages file = system.createFile(new MemoryStorage(), PAGES);
      List<Runnable> bodies = new ArrayList<>();
      for (int cpu = 0; cpu < 2; cpu++) {
        AddressSpace space = scene.process(cpu == 0 ? "a" : "b");
        UserCpu code = new UserCpu(space, cpu);
        bodies.add(() -> mapFile(c, space, code, file));
      }
      bodies.add(
          () -> {
            for (int i = 0; i < ROUNDS; i++) {
              system.truncate(file, i % 2 == 0 ? PAGES / 2 : PAGES);
              system.writeBack(file);
            }
          });
      RealThreads.run(c, bodies);
      scene.sound("after three threads");
      long va = Regions.map(c, scene.process("a"), file, PAGES);
      new UserCpu(scene.process("a"), 0).store(va, (byte) 1);
      system.truncate(file, 0);
      long mapped = scene.process("a").counters().filePages();
      c.check(mapped == 0, "no page of the file mapped once it is empty", mapped);
      scene.play("exit a");
      scene.play("exit b");
      long left = scene.bench().leaked();
      c.check(left == 0, "no frame in use", left);
    }
  }

  /** One process maps a file as another, which alone has it mapped, unmaps it. */
  private static Program firstAsLastGoes(ClauseContext c) {
    return MmScene.of(
        c.variant(),
        bench -> {
          AddressSpace first = bench.system().create();
          AddressSpace second = bench.system().create();
          FilePages file = bench.system().createFile(new MemoryStorage(), 1);
          long va = Regions.map(c, first, file, 1);
          return new MmScene.Acts(
              List.of(
                  () -> first.munmap(va, c.geometry().pageBytes()),
                  () -> second.fault(Regions.map(c, second, file, 1), Access.USER_WRITE)),
              () -> {
                bench.system().truncate(file, 0);
                long mapped = second.counters().filePages();
                return mapped == 0
                    ? Optional.empty()
                    : Optional.of("truncation does not find the new mapping");
              });
        });
  }

  private static void mapFile(ClauseContext c, AddressSpace space, UserCpu cpu, FilePages file) {
    long page = c.geometry().pageBytes();
    for (int round = 0; round < ROUNDS; round++) {
      long va = Regions.map(c, space, file, PAGES);
      for (int i = 0; i < PAGES; i++) {
        stores(cpu, va + i * page, round);
      }
      space.munmap(va, (round % 3 + 1) * page);
      space.munmap(va, PAGES * page);
    }
  }

  /** Stops a thread before its first store to a table until others have done their part. */
  private static final class Halt extends ForwardingSteps {
    private final CountDownLatch within = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private volatile Optional<Thread> next = Optional.empty();
    private volatile boolean late;

    Halt() {
      super(Steps.NONE);
    }

    @Override
    public void entry(Kind kind, long hostAddr) {
      if (kind != Kind.LOAD && next.equals(Optional.of(Thread.currentThread()))) {
        next = Optional.empty();
        within.countDown();
        late = !RealThreads.await(goOn, SECONDS);
      }
    }
  }
}
