package org.mmport.benchmarks;

import java.util.concurrent.TimeUnit;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.MmuVariant;
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

/** Mapping and unmapping 262 144 pages in a row, in the trees of every variant. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(Workload.PAGES)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 4, time = 400, timeUnit = TimeUnit.MILLISECONDS)
public class VariantEditBenchmark {
  /** {@link Ratios} names them all. */
  @Param("x86_64/4level")
  public String variant = "";

  /** Where the tables come from. */
  @State(Scope.Benchmark)
  public static class Machine {
    private final PhysicalMemory memory = PhysicalMemory.ofSize(64L << 20);
    private TableSpace space = space(Variants.of("x86_64/4level"));
    private Addresses addresses = Addresses.of(space.variant(), Addresses.SEQUENTIAL);

    private TableSpace space(MmuVariant chosen) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, chosen.geometry().pageShift());
      return new TableSpace(chosen, frames, 0);
    }

    @Setup(Level.Trial)
    public void prepare(VariantEditBenchmark benchmark) {
      space = space(Variants.of(benchmark.variant));
      addresses = Addresses.of(space.variant(), Addresses.SEQUENTIAL);
    }

    @TearDown(Level.Trial)
    public void close() {
      memory.close();
    }

    void mapPages(PageTable table) {
      long first = addresses.firstVa();
      long bytes = addresses.pageBytes();
      try (MmuGather gather = table.gather(request -> {})) {
        for (long at = 0; at < Workload.PAGES * bytes; at += bytes) {
          table.map(first + at, at, bytes, Protection.PAGE_SHARED, gather);
        }
        gather.flush();
      }
    }

    void mapRange(PageTable table) {
      try (MmuGather gather = table.gather(request -> {})) {
        long first = addresses.firstVa();
        table.map(first, 0, addresses.spanBytes(), Protection.PAGE_SHARED, gather);
        gather.flush();
      }
    }
  }

  /** Tables with nothing mapped. */
  @State(Scope.Benchmark)
  public static class Empty {
    private PageTable table;

    @Setup(Level.Invocation)
    public void prepare(Machine machine) {
      table = PageTable.create(machine.space, TableOwner.USER);
    }

    @TearDown(Level.Invocation)
    public void close() {
      table.close();
    }
  }

  /** Tables with all of it mapped, page by page, so that no pages are cached together. */
  @State(Scope.Benchmark)
  public static class Paged {
    private PageTable table;

    @Setup(Level.Invocation)
    public void prepare(Machine machine) {
      table = PageTable.create(machine.space, TableOwner.USER);
      machine.mapPages(table);
    }

    @TearDown(Level.Invocation)
    public void close() {
      table.close();
    }
  }

  /**
   * Tables with all of it mapped as one range, of which pages are cached together where they can.
   */
  @State(Scope.Benchmark)
  public static class Full {
    private PageTable table;

    @Setup(Level.Invocation)
    public void prepare(Machine machine) {
      table = PageTable.create(machine.space, TableOwner.USER);
      machine.mapRange(table);
    }

    @TearDown(Level.Invocation)
    public void close() {
      table.close();
    }
  }

  @Benchmark
  public long mapPages(Machine machine, Empty state) {
    machine.mapPages(state.table);
    return state.table.root(0);
  }

  @Benchmark
  public long mapRange(Machine machine, Empty state) {
    machine.mapRange(state.table);
    return state.table.root(0);
  }

  @Benchmark
  public long unmapPages(Machine machine, Paged state) {
    long first = machine.addresses.firstVa();
    long bytes = machine.addresses.pageBytes();
    try (MmuGather gather = state.table.gather(request -> {})) {
      for (long at = 0; at < Workload.PAGES * bytes; at += bytes) {
        state.table.unmap(first + at, bytes, gather);
      }
      gather.flush();
    }
    return state.table.root(0);
  }

  @Benchmark
  public long unmapRange(Machine machine, Full state) {
    try (MmuGather gather = state.table.gather(request -> {})) {
      state.table.unmap(machine.addresses.firstVa(), machine.addresses.spanBytes(), gather);
      gather.flush();
    }
    return state.table.root(0);
  }
}
