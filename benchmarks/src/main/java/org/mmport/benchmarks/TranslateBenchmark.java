package org.mmport.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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

/** Translation of 262 144 mapped addresses, through the same tables in both languages. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(Workload.PAGES)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 8, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class TranslateBenchmark {
  /** Sequential and random over 1 GiB, random over 64 GiB of which one page in 64 is mapped. */
  @Param({"sequential", "random", "sparse"})
  public String order = "";

  /** How many variants this JVM has used before. */
  @Param({"1", "8"})
  public int variants;

  private final Arena arena = Arena.ofShared();
  private PhysicalMemory memory = PhysicalMemory.ofSize(1L << 30);
  private PageTable table =
      PageTable.create(
          new TableSpace(Variants.of(Workload.MEASURED), FrameAllocator.singleNode(memory, 12), 0),
          TableOwner.USER);
  private long[] vas = {};
  private MemorySegment vasForC = MemorySegment.NULL;

  @Setup(Level.Trial)
  public void prepare() {
    if (variants > 1) {
      Workload.exerciseOthers();
    }
    boolean spread = order.equals("sparse");
    long[] mapped = spread ? Workload.sparse() : Workload.sequential();
    try (MmuGather gather = table.gather(request -> {})) {
      for (int i = 0; i < mapped.length; i++) {
        table.map(
            mapped[i],
            i * Workload.PAGE_BYTES,
            Workload.PAGE_BYTES,
            Protection.PAGE_SHARED,
            gather);
      }
    }
    vas = order.equals("sequential") ? mapped : Workload.shuffled(mapped);
    vasForC = arena.allocate(ValueLayout.JAVA_LONG, vas.length);
    MemorySegment.copy(vas, 0, vasForC, ValueLayout.JAVA_LONG, 0, vas.length);
    if (java() != c()) {
      throw new IllegalStateException("the two do not translate alike");
    }
  }

  /** Tables and addresses are at hand, as they are for C. */
  @Benchmark
  public long java() {
    PageTable searched = table;
    long sum = 0;
    for (long va : vas) {
      sum += searched.translate(va);
    }
    return sum;
  }

  @Benchmark
  public long c() {
    return Baseline.translate(memory.mainExtent().bytes(), table.root(0), vasForC, vas.length);
  }

  @TearDown(Level.Trial)
  public void close() {
    table.close();
    memory.close();
    arena.close();
  }
}
