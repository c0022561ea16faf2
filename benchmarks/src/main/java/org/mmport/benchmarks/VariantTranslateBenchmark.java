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

/** Translation of 262 144 mapped addresses through the trees of every variant. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(Workload.PAGES)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 4, time = 400, timeUnit = TimeUnit.MILLISECONDS)
public class VariantTranslateBenchmark {
  /** {@link Ratios} names them all. */
  @Param("x86_64/4level")
  public String variant = "";

  @Param({"sequential", "random", "sparse"})
  public String order = "";

  private final PhysicalMemory memory = PhysicalMemory.ofSize(1L << 30);
  private PageTable table = prepared("x86_64/4level");
  private long[] vas = {};

  private PageTable prepared(String id) {
    MmuVariant chosen = Variants.of(id);
    FrameAllocator frames = FrameAllocator.singleNode(memory, chosen.geometry().pageShift());
    return PageTable.create(new TableSpace(chosen, frames, 0), TableOwner.USER);
  }

  @Setup(Level.Trial)
  public void prepare() {
    table.close();
    table = prepared(variant);
    Addresses addresses = Addresses.of(table.variant(), order);
    long[] mapped = addresses.mapped();
    try (MmuGather gather = table.gather(request -> {})) {
      for (int i = 0; i < mapped.length; i++) {
        long bytes = addresses.pageBytes();
        table.map(mapped[i], i * bytes, bytes, Protection.PAGE_SHARED, gather);
      }
      gather.flush();
    }
    vas = Addresses.inOrder(order, mapped);
  }

  @Benchmark
  public long translate() {
    long sum = 0;
    for (long va : vas) {
      sum += table.translate(va);
    }
    return sum;
  }

  @TearDown(Level.Trial)
  public void close() {
    table.close();
    memory.close();
  }
}
