package org.mmport.benchmarks;

import java.util.concurrent.TimeUnit;
import org.mmport.cpu.Access;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.FrameQueue;
import org.mmport.machine.PageFlag;
import org.mmport.machine.PhysicalMemory;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmSystem;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.MremapRequest;
import org.mmport.mm.VmaRights;
import org.mmport.pgtable.MmuGather;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Requests for 32 MiB of pages that are folios of their own and lie at random in memory, so that no
 * two entries make a batch: as mm-core does it, which looks for batches, and {@link Singly}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(SinglesBenchmark.PAGES)
@Fork(1)
@Warmup(iterations = 6, time = 1)
@Measurement(iterations = 12, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class SinglesBenchmark {
  static final int PAGES = 8192;
  private static final long BYTES = PAGES * Workload.PAGE_BYTES;
  private static final long ELSEWHERE = Workload.BASE + (1L << 30);

  @Param({"batched", "singly"})
  public String way;

  private PhysicalMemory memory;
  private AddressSpace parent;
  private FrameQueue lru;

  @Setup
  public void prepare() {
    memory = PhysicalMemory.ofSize(4 * BYTES);
    FrameAllocator frames = FrameAllocator.singleNode(memory, 12);
    lru = frames.newQueue();
    MmSystem system = new MmSystem(Variants.of(Workload.MEASURED), frames, 2);
    parent = system.create();
    parent.mmap(MmapRequest.anonymous(BYTES, VmaRights.READ_WRITE).at(Workload.BASE));
    long[] vas = new long[PAGES];
    for (int i = 0; i < PAGES; i++) {
      vas[i] = Workload.BASE + i * Workload.PAGE_BYTES;
    }
    for (long va : Workload.shuffled(vas)) {
      parent.fault(va, Access.USER_WRITE);
    }
  }

  @TearDown
  public void close() {
    memory.close();
  }

  private boolean batched() {
    return way.equals("batched");
  }

  /** A child of which every other page was written since it may not write the others. */
  @State(Scope.Benchmark)
  public static class Mixed {
    AddressSpace space;

    @Setup(Level.Invocation)
    public void write(SinglesBenchmark benchmark) {
      space = benchmark.parent;
      space.mprotect(Workload.BASE, BYTES, VmaRights.READ);
      space.mprotect(Workload.BASE, BYTES, VmaRights.READ_WRITE);
      for (int i = 0; i < PAGES; i += 2) {
        space.fault(Workload.BASE + i * Workload.PAGE_BYTES, Access.USER_WRITE);
      }
    }
  }

  /** One that hardware has marked as written. */
  @State(Scope.Benchmark)
  public static class Written {
    AddressSpace space;

    @Setup(Level.Invocation)
    public void write(SinglesBenchmark benchmark) {
      space = benchmark.parent;
      PteFormat format = space.system().variant().format();
      try (MmuGather gather = space.pageTable().gather(request -> {})) {
        space
            .pageTable()
            .pteTables(
                Workload.BASE,
                BYTES,
                gather,
                (table, first, count, va) -> {
                  for (int i = first; i < first + count; i++) {
                    long raw = table.get(i);
                    org.mmport.spi.Level pte = org.mmport.spi.Level.PTE;
                    table.setAccessFlags(i, format.mkDirty(format.mkYoung(raw, pte), pte));
                    space
                        .system()
                        .folios()
                        .clear(format.physAddr(raw, pte) >>> 12, PageFlag.LAZYFREE);
                  }
                });
        gather.flush();
      }
    }
  }

  /** A child that has all of it. */
  @State(Scope.Benchmark)
  public static class Forked {
    AddressSpace child;

    @Setup(Level.Invocation)
    public void fork(SinglesBenchmark benchmark) {
      child = benchmark.parent.fork();
    }

    @TearDown(Level.Invocation)
    public void exit() {
      child.close();
    }
  }

  @Benchmark
  public void mprotect(Mixed state) {
    if (batched()) {
      state.space.mprotect(Workload.BASE, BYTES, VmaRights.READ);
    } else {
      new Singly(state.space).protect(Workload.BASE, BYTES, Protection.PAGE_READONLY);
    }
  }

  @Benchmark
  public void munmap(Forked state) {
    if (batched()) {
      state.child.munmap(Workload.BASE, BYTES);
    } else {
      new Singly(state.child).unmap(Workload.BASE, BYTES);
    }
  }

  /** There and back. */
  @Benchmark
  @OperationsPerInvocation(2 * PAGES)
  public void mremap() {
    if (batched()) {
      parent.mremap(moving(Workload.BASE, ELSEWHERE));
      parent.mremap(moving(ELSEWHERE, Workload.BASE));
    } else {
      Singly entries = new Singly(parent);
      entries.move(Workload.BASE, BYTES, ELSEWHERE);
      entries.move(ELSEWHERE, BYTES, Workload.BASE);
    }
  }

  private static MremapRequest moving(long va, long toVa) {
    return new MremapRequest(va, BYTES, BYTES, new MremapRequest.Target.At(toVa));
  }

  @Benchmark
  public void lazyFree(Written state) {
    if (batched()) {
      state.space.lazyFree(Workload.BASE, BYTES);
    } else {
      new Singly(state.space).lazyFree(Workload.BASE, BYTES, lru);
    }
  }
}
