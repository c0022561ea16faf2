package org.mmport.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.mmport.cpu.Access;
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
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Mappings of 16 pages that are made, written to page by page, and unmapped: 4096 of them by one
 * process, and by two on threads of their own with half of them each. Figures are for a mapping,
 * whoever made it.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(MmapBenchmark.MAPPINGS)
@Fork(1)
@Warmup(iterations = 8, time = 1)
@Measurement(iterations = 12, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class MmapBenchmark {
  static final int MAPPINGS = 4096;
  private static final long PAGES = 16;
  private static final long BYTES = PAGES * Workload.PAGE_BYTES;
  private static final long MEMORY_BYTES = 64L << 20;

  private final ExecutorService threads = Executors.newFixedThreadPool(2);
  private final PhysicalMemory memory = PhysicalMemory.ofSize(MEMORY_BYTES);
  private final MmSystem system =
      new MmSystem(Variants.of(Workload.MEASURED), FrameAllocator.singleNode(memory, 12), 2);
  private final List<AddressSpace> spaces = List.of(system.create(), system.create());

  @TearDown
  public void close() {
    threads.shutdown();
    memory.close();
  }

  private static int mapAndUnmap(AddressSpace space, int mappings) {
    int unresolved = 0;
    for (int i = 0; i < mappings; i++) {
      long va = space.mmap(MmapRequest.anonymous(BYTES, VmaRights.READ_WRITE));
      for (long page = 0; page < PAGES; page++) {
        long at = va + page * Workload.PAGE_BYTES;
        unresolved += space.fault(at, Access.USER_WRITE).isResolved() ? 0 : 1;
      }
      space.munmap(va, BYTES);
    }
    return unresolved;
  }

  @Benchmark
  public int oneProcess() throws InterruptedException, ExecutionException {
    return by(1);
  }

  @Benchmark
  public int twoProcesses() throws InterruptedException, ExecutionException {
    return by(2);
  }

  private int by(int count) throws InterruptedException, ExecutionException {
    List<Future<Integer>> parts = new ArrayList<>();
    for (AddressSpace space : spaces.subList(0, count)) {
      parts.add(threads.submit(() -> mapAndUnmap(space, MAPPINGS / count)));
    }
    int unresolved = 0;
    for (Future<Integer> part : parts) {
      unresolved += part.get();
    }
    return unresolved;
  }
}
