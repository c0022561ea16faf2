package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.cpu.Access;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.FaultStatus;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.SegmentationFaultException;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.scenario.MmBench;

/**
 * Threads that fault in one address space as they like, while another changes its mappings: in the
 * end everything is counted as it is. What no explorer cuts at shows here, if at all: counters that
 * are not atomic, and memory that is seen late.
 */
class FaultStressTest {
  private static final int PAGES = 3_000;
  private static final int THREADS = 2;
  private static final int ROUNDS = 10;
  private static final int ACCESSES = 8_000;

  /** Each thread begins where it likes, so that tables and folios come to be side by side. */
  @ParameterizedTest
  @ValueSource(
      strings = {"x86_64/4level", "x86/pae", "arm64/4k-va48", "ppc64/hash-64k", "ppc64/radix-64k"})
  void everyFaultIsCounted(String id) throws Exception {
    try (MmBench bench = new MmBench(Breaker.good(id));
        ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      long page = bench.system().variant().geometry().pageBytes();
      for (int round = 0; round < ROUNDS; round++) {
        bench.system().useFolios(round % 2 == 0 ? List.of() : List.of(2, 4));
        AddressSpace space = bench.system().create();
        long va = space.mmap(MmapRequest.anonymous(PAGES * page, VmaRights.READ_WRITE));
        LongAdder resolved = new LongAdder();
        long before = counted(bench);
        AtomicInteger ready = new AtomicInteger();
        List<Future<?>> all = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
          long seed = (long) round * THREADS + thread;
          all.add(
              threads.submit(
                  () -> {
                    meet(ready);
                    fault(space, va, page, seed, resolved);
                  }));
        }
        for (Future<?> one : all) {
          one.get();
        }
        assertEquals(resolved.sum(), counted(bench) - before, id + ": faults");
        assertEquals(Optional.empty(), bench.invariants().broken(), id);
        space.close();
        assertEquals(0, bench.leaked(), id);
      }
    }
  }

  /** Whoever sleeps until then is woken after the other is done. */
  private static void meet(AtomicInteger ready) {
    ready.incrementAndGet();
    while (ready.get() < THREADS) {
      Thread.onSpinWait();
    }
  }

  private static long counted(MmBench bench) {
    return bench.system().faults().values().stream().mapToLong(Long::longValue).sum();
  }

  private static void fault(AddressSpace space, long va, long page, long seed, LongAdder resolved) {
    int start = new Random(seed).nextInt(PAGES);
    for (int i = 0; i < PAGES; i++) {
      long at = va + Math.floorMod(start + i, PAGES) * page;
      FaultStatus status = space.fault(at, i % 7 == 0 ? Access.USER_READ : Access.USER_WRITE);
      assertTrue(status.isResolved(), status + " at page " + (start + i) % PAGES);
      resolved.increment();
    }
  }

  /** Two CPUs, each with bytes of its own in every page, and a third thread. */
  @ParameterizedTest
  @ValueSource(strings = {"x86_64/4level", "x86/pae", "arm64/16k-va47", "ppc64/hash-4k"})
  void nobodyLosesWhatHeStored(String id) throws Exception {
    try (MmBench bench = new MmBench(Breaker.good(id));
        ExecutorService threads = Executors.newFixedThreadPool(3)) {
      long page = bench.system().variant().geometry().pageBytes();
      AddressSpace space = bench.system().create();
      long kept = space.mmap(MmapRequest.anonymous(500 * page, VmaRights.READ_WRITE));
      long changing = space.mmap(MmapRequest.anonymous(40 * page, VmaRights.READ_WRITE));
      AtomicBoolean over = new AtomicBoolean();
      Future<?> changes = threads.submit(() -> change(bench, space, changing, page, over));
      List<Future<?>> both =
          List.of(
              threads.submit(() -> use(space, 0, kept, changing, page)),
              threads.submit(() -> use(space, 1, kept, changing, page)));
      try {
        for (Future<?> one : both) {
          one.get();
        }
      } finally {
        over.set(true);
      }
      changes.get();
      assertEquals(Optional.empty(), bench.invariants().broken(), id);
      space.close();
      assertEquals(0, bench.leaked(), id);
    }
  }

  private static void use(AddressSpace space, int cpu, long kept, long changing, long page) {
    UserCpu code = new UserCpu(space, cpu);
    Random random = new Random(cpu);
    byte[] stored = new byte[500];
    for (int i = 0; i < ACCESSES; i++) {
      int at = random.nextInt(stored.length);
      long va = kept + at * page + cpu;
      if (random.nextInt(3) == 0) {
        assertEquals(stored[at], code.load(va), "page " + at + " of CPU " + cpu);
      } else {
        stored[at] = (byte) i;
        code.store(va, stored[at]);
      }
      try {
        code.store(changing + random.nextInt(40) * page, (byte) 1);
      } catch (SegmentationFaultException e) {
        // It is unmapped, or read-only, just now.
      }
    }
  }

  private static void change(
      MmBench bench, AddressSpace space, long va, long page, AtomicBoolean over) {
    for (int i = 0; !over.get(); i++) {
      long at = va + i % 36 * page;
      switch (i % 5) {
        case 0 -> space.munmap(at, 4 * page);
        case 1 -> space.mprotect(va + 39 * page, page, VmaRights.READ);
        case 2 -> space.fork().close();
        case 3 -> bench.system().reclaim(8);
        default -> {
          space.munmap(va, 40 * page);
          space.mmap(MmapRequest.anonymous(40 * page, VmaRights.READ_WRITE).at(va));
        }
      }
    }
  }
}
