package org.mmport.benchmarks;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;
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
 * Mapping and unmapping 1 GiB. Ours allocates, zeroes, counts and frees its 515 tables inside the
 * measured time; C takes tables from memory that was zeroed before, and keeps them.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(Workload.PAGES)
@Fork(1)
@Warmup(iterations = 8, time = 1)
@Measurement(iterations = 8, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class EditBenchmark {
  private static final long ALL_BYTES = Workload.PAGES * Workload.PAGE_BYTES;
  private static final long C_ROOT = 512L << 20;
  private static final long C_BYTES = 4L << 20;

  /** How many variants this JVM has used before. */
  @Param({"1", "8"})
  public int variants;

  private final PhysicalMemory memory = PhysicalMemory.ofSize(1L << 30);
  private final FrameAllocator frames =
      new FrameAllocator(
          memory, 12, java.util.List.of(new org.mmport.machine.NumaNode(0, 0, C_ROOT)));
  private final TableSpace space = new TableSpace(Variants.of(Workload.MEASURED), frames, 0);
  private final MemorySegment bytes = memory.mainExtent().bytes();

  /** Where each invocation finds what it is about to change. */
  @State(Scope.Benchmark)
  public static class Empty {
    PageTable table;

    @Setup(Level.Invocation)
    public void prepare(EditBenchmark benchmark) {
      table = PageTable.create(benchmark.space, TableOwner.USER);
      benchmark.bytes.asSlice(C_ROOT, C_BYTES).fill((byte) 0);
    }

    @TearDown(Level.Invocation)
    public void close() {
      table.close();
    }
  }

  /** The same with everything mapped. */
  @State(Scope.Benchmark)
  public static class Full {
    PageTable table;

    @Setup(Level.Invocation)
    public void prepare(EditBenchmark benchmark) {
      table = PageTable.create(benchmark.space, TableOwner.USER);
      try (MmuGather gather = table.gather(request -> {})) {
        table.map(Workload.BASE, 0, ALL_BYTES, Protection.PAGE_SHARED, gather);
      }
      benchmark.bytes.asSlice(C_ROOT, C_BYTES).fill((byte) 0);
      benchmark.mapInC();
    }

    @TearDown(Level.Invocation)
    public void close() {
      table.close();
    }
  }

  @Setup(Level.Trial)
  public void prepare() {
    if (variants > 1) {
      Workload.exerciseOthers();
    }
  }

  @Benchmark
  public long mapPages(Empty state) {
    try (MmuGather gather = state.table.gather(request -> {})) {
      for (int i = 0; i < Workload.PAGES; i++) {
        state.table.map(
            Workload.BASE + i * Workload.PAGE_BYTES,
            i * Workload.PAGE_BYTES,
            Workload.PAGE_BYTES,
            Protection.PAGE_SHARED,
            gather);
      }
    }
    return state.table.root(0);
  }

  @Benchmark
  public long mapRange(Empty state) {
    try (MmuGather gather = state.table.gather(request -> {})) {
      state.table.map(Workload.BASE, 0, ALL_BYTES, Protection.PAGE_SHARED, gather);
    }
    return state.table.root(0);
  }

  @Benchmark
  public long mapPagesC(Empty state) {
    return mapInC();
  }

  private long mapInC() {
    return Baseline.map(
        bytes, C_ROOT, Workload.BASE, 0, Workload.PAGES, 0x8000000000000027L, C_ROOT + 4096);
  }

  @Benchmark
  public long unmapPages(Full state) {
    try (MmuGather gather = state.table.gather(request -> {})) {
      for (int i = 0; i < Workload.PAGES; i++) {
        state.table.unmap(Workload.BASE + i * Workload.PAGE_BYTES, Workload.PAGE_BYTES, gather);
      }
      gather.flush();
    }
    return state.table.root(0);
  }

  @Benchmark
  public long unmapRange(Full state) {
    try (MmuGather gather = state.table.gather(request -> {})) {
      state.table.unmap(Workload.BASE, ALL_BYTES, gather);
      gather.flush();
    }
    return state.table.root(0);
  }

  @Benchmark
  public long unmapPagesC(Full state) {
    return Baseline.unmap(bytes, C_ROOT, Workload.BASE, Workload.PAGES);
  }

  @TearDown(Level.Trial)
  public void close() {
    memory.close();
  }
}
