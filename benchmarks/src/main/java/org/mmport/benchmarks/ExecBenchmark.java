package org.mmport.benchmarks;

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
 * What a shell does: fork, a few writes of both sides, then the child begins anew and ends. Three
 * tables serve the process, for its text and data, its heap and its stack. A shell writes to its
 * stack before the exec; where all three are written, shared tables save nothing.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 6, time = 1)
@Measurement(iterations = 12, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class ExecBenchmark {
  private static final long[] AREAS = {
    Workload.BASE, Workload.BASE + (1L << 30), Workload.BASE + (1L << 36)
  };

  /** 128 pages in each, 1.5 MiB in all. */
  private static final long AREA_BYTES = 512L << 10;

  private static final int EXERCISES = 20_000;

  @Param({"eager", "batched", "lazy"})
  public String way;

  /** To how many of the areas both sides write. */
  @Param({"1", "3"})
  public int written;

  private PhysicalMemory memory;
  private AddressSpace parent;
  private ForkStrategy strategy;

  @Setup
  public void prepare() {
    memory = PhysicalMemory.ofSize(64L << 20);
    parent =
        new MmSystem(Variants.of(Workload.MEASURED), FrameAllocator.singleNode(memory, 12), 2)
            .create();
    for (long area : AREAS) {
      parent.mmap(MmapRequest.anonymous(AREA_BYTES, VmaRights.READ_WRITE).at(area));
      for (long at = 0; at < AREA_BYTES; at += Workload.PAGE_BYTES) {
        parent.fault(area + at, Access.USER_WRITE);
      }
    }
    // So that the JIT has seen the same of each way, whichever is measured.
    for (int round = 0; round < EXERCISES; round++) {
      for (ForkStrategy any : ForkStrategies.all()) {
        strategy = any;
        forkExec();
      }
    }
    strategy = ForkStrategies.named(way);
  }

  @TearDown
  public void close() {
    memory.close();
  }

  @Benchmark
  public int forkExec() {
    int resolved = 0;
    try (AddressSpace child = parent.fork(strategy)) {
      for (int i = 0; i < written; i++) {
        long area = AREAS[AREAS.length - 1 - i];
        resolved += child.fault(area, Access.USER_WRITE).isResolved() ? 1 : 0;
        resolved += parent.fault(area, Access.USER_WRITE).isResolved() ? 1 : 0;
      }
      child.exec();
    }
    return resolved;
  }
}
