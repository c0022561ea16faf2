package org.mmport.benchmarks;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.mmport.cpu.Access;
import org.mmport.cpu.Cpu;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmSystem;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.VmaRights;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.ThreadParams;

/**
 * Loads of eight bytes by CPUs that have the translations in their TLBs: from 256 pages in turn, of
 * which each TLB holds 1024. By one CPU, and by two of one address space, each driven by a thread;
 * figures are for a load of each.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(TlbBenchmark.LOADS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 8, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class TlbBenchmark {
  static final int LOADS = 4096;
  private static final int PAGES = 256;
  private static final int CPUS = 2;

  private final PhysicalMemory memory = PhysicalMemory.ofSize(16L << 20);
  private final MmSystem system =
      new MmSystem(Variants.of(Workload.MEASURED), FrameAllocator.singleNode(memory, 12), CPUS);
  private final AddressSpace space = system.create();

  /** Brings the pages in, and their translations into each TLB. */
  @Setup
  public void touch() {
    space.mmap(
        MmapRequest.anonymous(PAGES * Workload.PAGE_BYTES, VmaRights.READ_WRITE).at(Workload.BASE));
    for (int i = 0; i < PAGES; i++) {
      space.fault(Workload.BASE + i * Workload.PAGE_BYTES, Access.USER_WRITE);
    }
    for (int i = 0; i < CPUS; i++) {
      system.cpus().cpu(i).load(space.context());
    }
  }

  @TearDown
  public void close() {
    memory.close();
  }

  /** A thread's CPU, and what its loads have come to. */
  @State(Scope.Thread)
  public static class Driven implements LongConsumer {
    private Cpu cpu;
    private MemorySegment bytes;
    private long sum;
    private int next;

    @Setup
    public void choose(TlbBenchmark benchmark, ThreadParams threads) {
      cpu = benchmark.system.cpus().cpu(threads.getThreadIndex());
      bytes = benchmark.memory.mainExtent().bytes();
    }

    @Override
    public void accept(long physAddr) {
      sum += bytes.get(ValueLayout.JAVA_LONG, physAddr);
    }

    long load(int loads) {
      for (int i = 0; i < loads; i++) {
        long va = Workload.BASE + (next++ & (PAGES - 1)) * Workload.PAGE_BYTES + (i & 0xff8);
        if (!cpu.perform(va, Access.USER_READ, this)) {
          throw new IllegalStateException("load 0x%x: %s".formatted(va, cpu.fault()));
        }
      }
      return sum;
    }
  }

  @Benchmark
  public long oneCpu(Driven driven) {
    return driven.load(LOADS);
  }

  @Benchmark
  @Threads(CPUS)
  public long twoCpus(Driven driven) {
    return driven.load(LOADS);
  }
}
