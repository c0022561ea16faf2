package org.mmport.benchmarks;

import static org.mmport.spi.Level.PTE;

import java.util.concurrent.TimeUnit;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.BatchOps;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
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
 * Setting, clearing and protecting 1 GiB of arm64's pages of 4 KiB: with the port's own operations
 * on runs, which know contiguous entries, and entry by entry.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(Workload.PAGES)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class RunBenchmark {
  private static final MmuVariant VARIANT = Variants.of("arm64/4k-va48");
  private static final Addresses ADDRESSES = Addresses.of(VARIANT, Addresses.SEQUENTIAL);

  /**
   * Whose operations: the port's own, the defaults of {@link BatchOps} as any other object would
   * inherit them, or {@link BatchOps#ENTRY_WISE}, for which the core has loops of its own.
   */
  @Param({"own", "defaults", "entry-wise"})
  public String runs = "";

  /** Where the tables come from. */
  @State(Scope.Benchmark)
  public static class Machine {
    private final PhysicalMemory memory = PhysicalMemory.ofSize(64L << 20);
    private TableSpace space = space(VARIANT);

    private TableSpace space(MmuVariant chosen) {
      return new TableSpace(chosen, FrameAllocator.singleNode(memory, 12), 0);
    }

    @Setup(Level.Trial)
    public void prepare(RunBenchmark benchmark) {
      space =
          space(
              switch (benchmark.runs) {
                case "own" -> VARIANT;
                case "defaults" -> VARIANT.withBatchOps(new BatchOps() {});
                default -> VARIANT.withBatchOps(BatchOps.ENTRY_WISE);
              });
    }

    @TearDown(Level.Trial)
    public void close() {
      memory.close();
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

  /** Tables with all of it mapped. */
  @State(Scope.Benchmark)
  public static class Full {
    /** Whether hardware has a mark left to set in them: then each must be exchanged. */
    @Param({"fresh", "written"})
    public String pages = "";

    private PageTable table;

    @Setup(Level.Invocation)
    public void prepare(Machine machine) {
      table = PageTable.create(machine.space, TableOwner.USER);
      map(table);
      if (pages.equals("written")) {
        write(table);
      }
    }

    @TearDown(Level.Invocation)
    public void close() {
      table.close();
    }
  }

  private static void map(PageTable table) {
    try (MmuGather gather = table.gather(request -> {})) {
      table.map(ADDRESSES.firstVa(), 0, ADDRESSES.spanBytes(), Protection.PAGE_SHARED, gather);
      gather.flush();
    }
  }

  private static void write(PageTable table) {
    PteFormat format = VARIANT.format();
    try (MmuGather gather = table.gather(request -> {})) {
      table.pteTables(
          ADDRESSES.firstVa(),
          ADDRESSES.spanBytes(),
          gather,
          (leaves, first, count, va) -> {
            for (int i = first; i < first + count; i += leaves.hint(i)) {
              long raw = leaves.get(i);
              leaves.setAccessFlags(i, format.mkDirty(format.mkYoung(raw, PTE), PTE));
            }
          });
      gather.flush();
    }
  }

  @Benchmark
  public long set(Empty state) {
    map(state.table);
    return state.table.root(0);
  }

  @Benchmark
  public long clear(Full state) {
    try (MmuGather gather = state.table.gather(request -> {})) {
      state.table.unmap(ADDRESSES.firstVa(), ADDRESSES.spanBytes(), gather);
      gather.flush();
    }
    return state.table.root(0);
  }

  @Benchmark
  public long protect(Full state) {
    try (MmuGather gather = state.table.gather(request -> {})) {
      state.table.protect(
          ADDRESSES.firstVa(), ADDRESSES.spanBytes(), Protection.PAGE_READONLY, gather);
      gather.flush();
    }
    return state.table.root(0);
  }

  @Benchmark
  public long setPages(Empty state) {
    long bytes = ADDRESSES.pageBytes();
    try (MmuGather gather = state.table.gather(request -> {})) {
      for (long at = 0; at < ADDRESSES.spanBytes(); at += bytes) {
        state.table.map(ADDRESSES.firstVa() + at, at, bytes, Protection.PAGE_SHARED, gather);
      }
      gather.flush();
    }
    return state.table.root(0);
  }

  @Benchmark
  public long clearPages(Full state) {
    long bytes = ADDRESSES.pageBytes();
    try (MmuGather gather = state.table.gather(request -> {})) {
      for (long at = 0; at < ADDRESSES.spanBytes(); at += bytes) {
        state.table.unmap(ADDRESSES.firstVa() + at, bytes, gather);
      }
      gather.flush();
    }
    return state.table.root(0);
  }

  @Benchmark
  public long protectPages(Full state) {
    long bytes = ADDRESSES.pageBytes();
    try (MmuGather gather = state.table.gather(request -> {})) {
      for (long at = 0; at < ADDRESSES.spanBytes(); at += bytes) {
        state.table.protect(ADDRESSES.firstVa() + at, bytes, Protection.PAGE_READONLY, gather);
      }
      gather.flush();
    }
    return state.table.root(0);
  }
}
