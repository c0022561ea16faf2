package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mmport.cpu.Access;
import org.mmport.cpu.Cpu;
import org.mmport.cpu.CpuSet;
import org.mmport.cpu.MmContext;
import org.mmport.cpu.TlbShape;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.Outcome;
import org.mmport.pgtable.PageTable;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/** CPUs with caches of odd sizes, driven by threads, and asked for what they cannot do. */
class CpuSetTest {
  private static final int PAGES = 32;
  private static final List<TlbShape> SHAPES =
      List.of(new TlbShape(1, 1, 1, 1), new TlbShape(2, 3, 2, 7), TlbShape.USUAL);

  static List<MmuVariant> variants() {
    return ConformanceSuite.variants();
  }

  /** Another walker than the CPUs' says what they must find: that of page tables. */
  @ParameterizedTest
  @MethodSource("variants")
  void smallCachesAreRight(MmuVariant variant) {
    for (TlbShape shape : SHAPES) {
      try (Machine machine = new Machine(variant);
          PageTable table = machine.pageTable(TableOwner.USER)) {
        CpuSet cpus = new CpuSet(variant, machine.frames(), 2, shape);
        MmContext context = MmContext.of(100, table);
        cpus.cpu(0).load(context);
        cpus.cpu(1).load(context);
        Random random = new Random(shape.seed());
        long page = variant.geometry().pageBytes();
        for (int step = 0; step < 400; step++) {
          long va = (1 + random.nextInt(PAGES)) * page;
          try (MmuGather gather = table.gather(cpus.flusher(context))) {
            table.unmap(va, page, gather);
            if (random.nextInt(3) > 0) {
              long physAddr = (1L << 30) + random.nextInt(64) * page;
              boolean write = random.nextBoolean();
              table.map(
                  va,
                  physAddr,
                  page,
                  write ? Protection.PAGE_SHARED : Protection.PAGE_READONLY,
                  gather);
            }
            gather.flush();
          }
          for (int i = 0; i < 8; i++) {
            long at = (1 + random.nextInt(PAGES)) * page + random.nextLong(page);
            Access access = random.nextBoolean() ? Access.USER_READ : Access.USER_WRITE;
            long found = cpus.cpu(random.nextInt(2)).translate(at, access);
            assertEquals(walked(table, at, access), found, variant + " step " + step);
          }
        }
      }
    }
  }

  private static long walked(PageTable table, long va, Access access) {
    return table.walker().walk(va).outcome() instanceof Outcome.Mapped mapped
            && (mapped.rights() & access.right()) != 0
        ? mapped.physAddr()
        : -1;
  }

  /** When a flush returns, no CPU is in the midst of what it named. */
  @ParameterizedTest
  @MethodSource("variants")
  void flushesWaitForAccesses(MmuVariant variant) throws InterruptedException {
    long page = variant.geometry().pageBytes();
    try (Machine machine = new Machine(variant);
        PageTable table = machine.pageTable(TableOwner.USER)) {
      CpuSet cpus = new CpuSet(variant, machine.frames(), 2);
      MmContext context = MmContext.of(100, table);
      AtomicIntegerArray gone = new AtomicIntegerArray(PAGES);
      AtomicInteger accesses = new AtomicInteger();
      AtomicBoolean stop = new AtomicBoolean();
      AtomicReference<String> wrong = new AtomicReference<>("");
      List<Thread> threads =
          List.of(0, 1).stream()
              .map(
                  index ->
                      new Thread(
                          () -> {
                            Cpu cpu = cpus.cpu(index);
                            cpu.load(context);
                            Random random = new Random(index);
                            try {
                              while (!stop.get()) {
                                int i = random.nextInt(PAGES);
                                boolean done =
                                    cpu.perform(
                                        (1 + i) * page,
                                        random.nextBoolean() ? Access.USER_WRITE : Access.USER_READ,
                                        physAddr -> {
                                          if (gone.get(i) != 0) {
                                            wrong.set("page " + i + " is in use after its flush");
                                          }
                                        });
                                if (done) {
                                  accesses.incrementAndGet();
                                }
                              }
                            } catch (RuntimeException e) {
                              wrong.set(e.toString());
                            }
                          }))
              .toList();
      for (int i = 0; i < PAGES; i++) {
        gone.set(i, 1);
      }
      threads.forEach(Thread::start);
      Random random = new Random(3);
      // On to where both have done a thing or two, at least so many changes.
      for (int step = 0; step < 500 || (accesses.get() < 100 && wrong.get().isEmpty()); step++) {
        int i = random.nextInt(PAGES);
        long va = (1 + i) * page;
        try (MmuGather gather = table.gather(cpus.flusher(context))) {
          if (gone.get(i) == 0) {
            table.unmap(va, page, gather);
            gather.flush();
            gone.set(i, 1);
          } else {
            gone.set(i, 0);
            table.map(va, (1L << 30) + i * page, page, Protection.PAGE_SHARED, gather);
            gather.flush();
          }
        }
      }
      stop.set(true);
      for (Thread thread : threads) {
        thread.join();
      }
      assertEquals("", wrong.get(), variant.toString());
    }
  }

  @Test
  void whatCannotBeIsRefused() {
    MmuVariant variant = Breaker.good("x86_64/4level");
    try (Machine machine = new Machine(variant);
        PageTable table = machine.pageTable(TableOwner.USER)) {
      assertThrows(InvalidRequestException.class, () -> new CpuSet(variant, machine.frames(), 0));
      assertThrows(InvalidRequestException.class, () -> new TlbShape(3, 4, 64, 1));
      assertThrows(InvalidRequestException.class, () -> new MmContext(-1, List.of(0L)));
      CpuSet cpus = new CpuSet(variant, machine.frames(), 1);
      Cpu cpu = cpus.cpu(0);
      assertThrows(InvalidRequestException.class, () -> cpus.cpu(1));
      assertThrows(InvalidRequestException.class, () -> cpu.translate(0, Access.USER_READ));
      assertThrows(InvalidRequestException.class, cpu::fault);
      MmContext two = new MmContext(1, List.of(0L, 0x1000L));
      assertThrows(InvalidRequestException.class, () -> cpu.load(two));
      MmContext context = MmContext.of(1, table);
      cpu.load(context);
      assertFalse(cpu.perform(0, Access.USER_READ, physAddr -> {}));
      try (MmuGather gather = table.gather(cpus.flusher(context))) {
        table.map(0, 1L << 30, 0x1000, Protection.PAGE_SHARED, gather);
        gather.flush();
      }
      try (MmuGather gather = table.gather(cpus.flusher(context))) {
        table.unmap(0x0, 0x1000, gather);
        table.map(0, 1L << 30, 0x1000, Protection.PAGE_SHARED, gather);
        assertThrows(
            IllegalStateException.class,
            () -> cpu.perform(0, Access.USER_READ, physAddr -> gather.flush()));
        gather.flush();
      }
      assertTrue(cpu.perform(0, Access.USER_READ, physAddr -> {}));
    }
  }

  /** What a local flush does not reach is still there. */
  @Test
  void localFlushesReachOneCpu() {
    for (MmuVariant variant : variants()) {
      if (variant.has(MmuFeature.HASHED)) {
        continue;
      }
      long page = variant.geometry().pageBytes();
      try (Machine machine = new Machine(variant);
          PageTable table = machine.pageTable(TableOwner.USER)) {
        CpuSet cpus = new CpuSet(variant, machine.frames(), 2);
        MmContext context = MmContext.of(100, table);
        try (MmuGather gather = table.gather(cpus.flusher(context))) {
          table.map(page, 1L << 30, 2 * page, Protection.PAGE_SHARED, gather);
          gather.flush();
        }
        for (int i = 0; i < 2; i++) {
          cpus.cpu(i).load(context);
          cpus.cpu(i).translate(page, Access.USER_READ);
        }
        try (MmuGather gather = table.gather(cpus.localFlusher(context, cpus.cpu(0)))) {
          table.unmap(page, page, gather);
          gather.flush();
        }
        assertEquals(-1, cpus.cpu(0).translate(page, Access.USER_READ), variant.toString());
        assertEquals(1L << 30, cpus.cpu(1).translate(page, Access.USER_READ), variant.toString());
      }
    }
  }
}
