package org.mmport.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.mmport.cpu.Access;
import org.mmport.fork.ForkStrategies;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.NumaNode;
import org.mmport.machine.PhysicalMemory;
import org.mmport.mm.AddressSpace;
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
 * A fork of a process that has written to so many pages. Ours makes the address space with its
 * mappings and reverse maps, allocates, empties and counts tables, looks at what each page is
 * before it counts references and map counts, and flushes; C copies entries and adds to counters,
 * into tables from memory that was zeroed before.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 6, time = 1)
@Measurement(iterations = 8, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class ForkBenchmark {
  private static final long FRAMES_BYTES = 1152L << 20;
  private static final long C_PARENT = FRAMES_BYTES;
  private static final long C_CHILD = FRAMES_BYTES + (8L << 20);
  private static final long C_BYTES = 8L << 20;

  /** MiB that the process has written to. */
  @Param({"64", "1024"})
  public int mib;

  private PhysicalMemory memory;
  private AddressSpace parent;
  private MemorySegment bytes;
  private MemorySegment counts;
  private long pages;

  /** The way that ours forks. */
  @State(Scope.Benchmark)
  public static class Way {
    @Param({"eager", "batched", "lazy", "lazy-all"})
    public String way;

    AddressSpace child;

    @TearDown(Level.Invocation)
    public void exit() {
      child.close();
    }
  }

  /** Where C makes the child's tables. */
  @State(Scope.Benchmark)
  public static class InC {
    @Setup(Level.Invocation)
    public void empty(ForkBenchmark benchmark) {
      benchmark.bytes.asSlice(C_CHILD, C_BYTES).fill((byte) 0);
    }
  }

  @Setup
  public void prepare() {
    memory = PhysicalMemory.ofSize(FRAMES_BYTES + (16L << 20));
    bytes = memory.mainExtent().bytes();
    FrameAllocator frames =
        new FrameAllocator(memory, 12, List.of(new NumaNode(0, 0, FRAMES_BYTES)));
    parent = new MmSystem(Variants.of(Workload.MEASURED), frames, 2).create();
    pages = (long) mib << 20 >> 12;
    long va =
        parent.mmap(MmapRequest.anonymous(pages << 12, VmaRights.READ_WRITE).at(Workload.BASE));
    for (long i = 0; i < pages; i++) {
      parent.fault(va + (i << 12), Access.USER_WRITE);
    }
    counts = Arena.ofAuto().allocate(pages * Long.BYTES, Long.BYTES);
    Baseline.map(bytes, C_PARENT, Workload.BASE, 0, pages, 0x8000000000000067L, C_PARENT + 4096);
  }

  @TearDown
  public void close() {
    memory.close();
  }

  @Benchmark
  public AddressSpace fork(Way state) {
    state.child = parent.fork(ForkStrategies.named(state.way));
    return state.child;
  }

  @Benchmark
  public long forkC(InC state) {
    return Baseline.fork(bytes, C_PARENT, C_CHILD, Workload.BASE, pages, C_CHILD + 4096, counts);
  }
}
