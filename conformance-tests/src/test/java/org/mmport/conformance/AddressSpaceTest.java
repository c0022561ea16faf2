package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.mmport.cpu.Access;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.scenario.MmBench;
import org.mmport.spi.InvalidRequestException;

/** Address spaces beyond what one process after another does to them. */
class AddressSpaceTest {
  private static final int PAGES = 200;

  @Test
  void oneThatHasEndedRefusesEverything() {
    try (MmBench bench = new MmBench(Breaker.good("x86/pae"))) {
      AddressSpace space = bench.system().create();
      MmapRequest request = MmapRequest.anonymous(0x4000, VmaRights.READ_WRITE);
      long va = space.mmap(request);
      new UserCpu(space, 0).store(va, (byte) 1);
      space.close();
      space.close();
      for (Runnable use :
          List.<Runnable>of(
              () -> space.mmap(request),
              () -> space.munmap(va, 0x1000),
              () -> space.fault(va, Access.USER_READ),
              space::fork,
              space::vmas,
              space::counters)) {
        String message =
            String.valueOf(assertThrows(InvalidRequestException.class, use::run).getMessage());
        assertTrue(message.contains("has ended"), message);
      }
      assertEquals(0, bench.leaked());
    }
  }

  /** Two CPUs fault, copy and are flushed at once; each must find what it stored. */
  @Test
  void twoThreadsUseOneAddressSpace() throws Exception {
    for (String id : List.of("x86_64/4level", "x86/pae", "arm64/16k-va47", "ppc64/hash-4k")) {
      try (MmBench bench = new MmBench(Breaker.good(id));
          ExecutorService threads = Executors.newFixedThreadPool(2)) {
        long page = bench.system().variant().geometry().pageBytes();
        AddressSpace space = bench.system().create();
        long va = space.mmap(MmapRequest.anonymous(2 * PAGES * page, VmaRights.READ_WRITE));
        List<Future<?>> both =
            List.of(
                threads.submit(() -> use(space, 0, va, page)),
                threads.submit(() -> use(space, 1, va + PAGES * page, page)));
        for (Future<?> one : both) {
          one.get();
        }
        assertTrue(bench.invariants().broken().isEmpty(), id);
        space.close();
        assertEquals(0, bench.leaked(), id);
      }
    }
  }

  private static void use(AddressSpace space, int cpu, long va, long page) {
    UserCpu code = new UserCpu(space, cpu);
    for (int round = 1; round <= 8; round++) {
      for (int i = 0; i < PAGES; i++) {
        code.store(va + i * page, (byte) (round + i));
      }
      // What the child takes along is written once more, and so copied or taken over.
      AddressSpace child = space.fork();
      for (int i = 0; i < PAGES; i += 3) {
        code.store(va + i * page, (byte) (round + i + 1));
      }
      child.close();
      for (int i = 0; i < PAGES; i++) {
        byte expected = (byte) (round + i + (i % 3 == 0 ? 1 : 0));
        assertEquals(expected, code.load(va + i * page), space.context() + " page " + i);
      }
      space.dontNeed(va, page);
      assertEquals(0, code.load(va));
    }
  }
}
