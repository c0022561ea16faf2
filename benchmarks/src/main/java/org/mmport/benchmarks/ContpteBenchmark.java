package org.mmport.benchmarks;

import java.util.concurrent.TimeUnit;
import org.mmport.fork.ForkStrategies;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.MmSystem;
import org.mmport.spi.BatchOps;
import org.mmport.spi.MmuVariant;
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
 * Fork and munmap in batches of a process with 64 MiB in folios of 64 KiB on arm64, where each is a
 * block of contiguous entries, and where none is.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 6, time = 1)
@Measurement(iterations = 12, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class ContpteBenchmark {
  private static final long BYTES = 64L << 20;
  private static final int FOLIO_ORDER = 4;
  private static final MmuVariant VARIANT = Variants.of("arm64/4k-va48");
  private static final ForkStrategy BATCHED = ForkStrategies.named("batched");

  /** Whose operations on runs: the port's own, or none, and so no contiguous entries. */
  @Param({"own", "entry-wise"})
  public String runs;

  private PhysicalMemory memory;
  private AddressSpace parent;

  /** A child that is yet to exit. */
  @State(Scope.Benchmark)
  public static class Exiting {
    AddressSpace child;

    @TearDown(Level.Invocation)
    public void exit() {
      child.close();
    }
  }

  /** A child that has all of it. */
  @State(Scope.Benchmark)
  public static class Forked extends Exiting {
    @Setup(Level.Invocation)
    public void fork(ContpteBenchmark benchmark) {
      child = benchmark.parent.fork(BATCHED);
    }
  }

  @Setup
  public void prepare() {
    memory = PhysicalMemory.ofSize(2 * BYTES);
    MmuVariant variant = runs.equals("own") ? VARIANT : VARIANT.withBatchOps(BatchOps.ENTRY_WISE);
    MmSystem system = new MmSystem(variant, FrameAllocator.singleNode(memory, 12), 2);
    parent =
        FolioFill.fill(
            system, BYTES / (Workload.PAGE_BYTES << FOLIO_ORDER), FOLIO_ORDER, unit -> FOLIO_ORDER);
  }

  @TearDown
  public void close() {
    memory.close();
  }

  @Benchmark
  public AddressSpace fork(Exiting state) {
    state.child = parent.fork(BATCHED);
    return state.child;
  }

  @Benchmark
  public void munmap(Forked state) {
    state.child.munmap(Workload.BASE, BYTES);
  }
}
