package org.mmport.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * First writes to 32 768 pages of one address space, by one thread and by two with half of them
 * each, and the munmap of what they brought in. Figures are for a page, whoever faulted on it. C
 * does the table work of one thread: it empties and counts pages as well, plainly, and has no
 * mappings, reverse maps, LRU, locks and TLBs.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(FaultBenchmark.PAGES)
@Fork(1)
@Warmup(iterations = 8, time = 1)
@Measurement(iterations = 12, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class FaultBenchmark {
  static final int PAGES = 32_768;
  private static final long BYTES = PAGES * Workload.PAGE_BYTES;
  private static final long C_TABLES = 1L << 20;

  private final ExecutorService threads = Executors.newFixedThreadPool(2);
  private final PhysicalMemory memory = PhysicalMemory.ofSize(2 * BYTES);
  private final AddressSpace space =
      new MmSystem(Variants.of(Workload.MEASURED), FrameAllocator.singleNode(memory, 12), 2)
          .create();

  /** Where C has its tables from 0 on, and pages behind. */
  private final MemorySegment bytesC = Arena.ofAuto().allocate(C_TABLES + BYTES, 4096);

  private final MemorySegment countsC =
      Arena.ofAuto().allocate((C_TABLES + BYTES) >> 12 << 3, Long.BYTES);

  /** How many frames are free there, and which. */
  private final MemorySegment freeC = Arena.ofAuto().allocate((PAGES + 1L) << 3, Long.BYTES);

  /**
   * One munmap comes with tens of thousands of faults: without these the JIT had not seen it often
   * enough, and what it costs at all would be measured as the interpreter has it.
   */
  @Setup
  public void unmapOften() {
    for (int i = 0; i < 40_000; i++) {
      map();
      touch(0, 16);
      unmap();
    }
  }

  /** A mapping that nobody wrote to yet. */
  @State(Scope.Benchmark)
  public static class Untouched {
    @Setup(Level.Invocation)
    public void map(FaultBenchmark benchmark) {
      benchmark.map();
    }

    @TearDown(Level.Invocation)
    public void unmap(FaultBenchmark benchmark) {
      benchmark.unmap();
    }
  }

  /** One of which every page was written to. */
  @State(Scope.Benchmark)
  public static class Touched {
    @Setup(Level.Invocation)
    public void touch(FaultBenchmark benchmark) {
      benchmark.map();
      benchmark.touch(0, PAGES);
    }
  }

  /** What C writes to first. */
  @State(Scope.Benchmark)
  public static class UntouchedInC {
    @Setup(Level.Invocation)
    public void empty(FaultBenchmark benchmark) {
      benchmark.emptyInC();
    }
  }

  /** What C wrote to. */
  @State(Scope.Benchmark)
  public static class TouchedInC {
    @Setup(Level.Invocation)
    public void touch(FaultBenchmark benchmark) {
      benchmark.emptyInC();
      benchmark.touchInC();
    }
  }

  @TearDown
  public void close() {
    threads.shutdown();
    memory.close();
  }

  private void map() {
    space.mmap(MmapRequest.anonymous(BYTES, VmaRights.READ_WRITE).at(Workload.BASE));
  }

  private void unmap() {
    space.munmap(Workload.BASE, BYTES);
  }

  private int touch(int firstPage, int pages) {
    int unresolved = 0;
    for (int i = firstPage; i < firstPage + pages; i++) {
      long va = Workload.BASE + i * Workload.PAGE_BYTES;
      unresolved += space.fault(va, Access.USER_WRITE).isResolved() ? 0 : 1;
    }
    return unresolved;
  }

  private void emptyInC() {
    bytesC.asSlice(0, C_TABLES).fill((byte) 0);
    freeC.setAtIndex(ValueLayout.JAVA_LONG, 0, PAGES);
    for (int i = 0; i < PAGES; i++) {
      freeC.setAtIndex(ValueLayout.JAVA_LONG, 1L + i, C_TABLES + i * Workload.PAGE_BYTES);
    }
  }

  private long touchInC() {
    return Baseline.fault(bytesC, 0, Workload.BASE, PAGES, 4096, countsC, freeC);
  }

  @Benchmark
  public long faultC(UntouchedInC state) {
    return touchInC();
  }

  @Benchmark
  public long munmapC(TouchedInC state) {
    return Baseline.zap(bytesC, 0, Workload.BASE, PAGES, countsC, freeC);
  }

  @Benchmark
  public int oneThread(Untouched state) throws InterruptedException, ExecutionException {
    return by(1);
  }

  @Benchmark
  public int twoThreads(Untouched state) throws InterruptedException, ExecutionException {
    return by(2);
  }

  private int by(int count) throws InterruptedException, ExecutionException {
    int each = PAGES / count;
    List<Future<Integer>> parts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int firstPage = i * each;
      parts.add(threads.submit(() -> touch(firstPage, each)));
    }
    int unresolved = 0;
    for (Future<Integer> part : parts) {
      unresolved += part.get();
    }
    return unresolved;
  }

  @Benchmark
  public void munmap(Touched state) {
    unmap();
  }
}
