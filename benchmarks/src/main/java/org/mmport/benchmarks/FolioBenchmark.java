package org.mmport.benchmarks;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.mmport.cpu.Access;
import org.mmport.fork.ForkStrategies;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.MmSystem;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.VmaRights;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Fork of a process with 64 MiB in folios of one size, entry by entry and in batches, and the
 * child's munmap of them, which is always in batches. The parent keeps all pages, so none is freed:
 * what is measured is entries and counts.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 6, time = 1)
@Measurement(iterations = 12, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class FolioBenchmark {
  private static final long BYTES = 64L << 20;

  /** Folios have 2^order pages: 4, 16 and 64 KiB. */
  @Param({"0", "2", "4"})
  public int order;

  private PhysicalMemory memory;
  private AddressSpace parent;

  /** The way to fork. */
  @State(Scope.Benchmark)
  public static class Way {
    @Param({"eager", "batched"})
    public String way;

    ForkStrategy strategy;
    AddressSpace child;

    @Setup
    public void choose() {
      strategy = ForkStrategies.named(way);
    }

    @TearDown(Level.Invocation)
    public void exit() {
      child.close();
    }
  }

  /** A child that has all of it. */
  @State(Scope.Benchmark)
  public static class Forked {
    AddressSpace child;

    @Setup(Level.Invocation)
    public void fork(FolioBenchmark benchmark) {
      child = benchmark.parent.fork(ForkStrategies.named("batched"));
    }

    @TearDown(Level.Invocation)
    public void exit() {
      child.close();
    }
  }

  @Setup
  public void prepare() {
    memory = PhysicalMemory.ofSize(2 * BYTES);
    MmSystem system =
        new MmSystem(Variants.of(Workload.MEASURED), FrameAllocator.singleNode(memory, 12), 2);
    system.useFolios(order == 0 ? List.of() : List.of(order));
    parent = system.create();
    parent.mmap(MmapRequest.anonymous(BYTES, VmaRights.READ_WRITE).at(Workload.BASE));
    for (long at = 0; at < BYTES; at += Workload.PAGE_BYTES << order) {
      parent.fault(Workload.BASE + at, Access.USER_WRITE);
    }
  }

  @TearDown
  public void close() {
    memory.close();
  }

  @Benchmark
  public AddressSpace fork(Way state) {
    state.child = parent.fork(state.strategy);
    return state.child;
  }

  @Benchmark
  public void munmap(Forked state) {
    state.child.munmap(Workload.BASE, BYTES);
  }
}
