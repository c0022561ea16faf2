package org.mmport.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.HashedPageTable;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
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
 * Lookup of 262 144 addresses in a hash table that has twice as many entries, the same table in
 * both languages. Which segment an address is in is known: that is the SLB's part, not the table's.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(Workload.PAGES)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 4, time = 400, timeUnit = TimeUnit.MILLISECONDS)
public class HashBenchmark {
  /** An address that every variant's users have, in a segment of 1 TiB where there are any. */
  private static final long FIRST_VA = 1L << 43;

  private static final long CONTEXT = 7;
  private static final long GROUPS = 1 << 16;

  /** {@link Ratios} names them all. */
  @Param("ppc64/hash-4k")
  public String hashed = "";

  @Param({"sequential", "random", "sparse"})
  public String order = "";

  private final Arena arena = Arena.ofShared();
  private final PhysicalMemory memory = PhysicalMemory.ofSize(16L << 20);
  private HashedPageTable table = HashedPageTable.over(memory, tableOf("ppc64/hash-4k"));
  private HashSegment[] segments = {};
  private int segmentShift;
  private long[] vas = {};
  private MemorySegment vasForC = MemorySegment.NULL;
  private MemorySegment vsidsForC = MemorySegment.NULL;

  private static HashMmu mmu(String id) {
    return Variants.of(id).segmentMap().hashMmu().orElseThrow();
  }

  private static HashMmu.Table tableOf(String id) {
    return new HashMmu.Table(mmu(id), 0, GROUPS);
  }

  @Setup(org.openjdk.jmh.annotations.Level.Trial)
  public void prepare() {
    MmuVariant variant = Variants.of(hashed);
    HashMmu mmu = mmu(hashed);
    table = HashedPageTable.over(memory, tableOf(hashed));
    int spread = order.equals(Addresses.SPARSE) ? 64 : 1;
    Addresses addresses = new Addresses(FIRST_VA, variant.geometry().pageBytes(), spread);
    segmentShift = mmu.segment(CONTEXT, FIRST_VA).shift();
    segments = new HashSegment[1 + (int) (addresses.spanBytes() - 1 >>> segmentShift)];
    for (int i = 0; i < segments.length; i++) {
      segments[i] = mmu.segment(CONTEXT, FIRST_VA + ((long) i << segmentShift));
    }
    long[] mapped = addresses.mapped();
    long pgprot = variant.format().pgprot(Protection.PAGE_SHARED);
    for (int i = 0; i < mapped.length; i++) {
      long raw = variant.format().mkLeaf(i * addresses.pageBytes(), pgprot, Level.PTE);
      HashSegment segment = segmentOf(mapped[i]);
      table.insert(segment, mapped[i], raw, Level.PTE, variant.geometry().pageShift());
    }
    vas = Addresses.inOrder(order, mapped);
    vasForC = copy(vas);
    vsidsForC = copy(java.util.Arrays.stream(segments).mapToLong(HashSegment::vsid).toArray());
    if (java() != c()) {
      throw new IllegalStateException("the two do not translate alike");
    }
  }

  private MemorySegment copy(long[] values) {
    return arena.allocateFrom(ValueLayout.JAVA_LONG, values);
  }

  private HashSegment segmentOf(long va) {
    return segments[(int) (va - FIRST_VA >>> segmentShift)];
  }

  @Benchmark
  public long java() {
    long sum = 0;
    for (long va : vas) {
      sum += table.translate(segmentOf(va), va);
    }
    return sum;
  }

  @Benchmark
  public long c() {
    return Baseline.hashTranslate(
        memory.mainExtent().bytes(),
        GROUPS,
        vsidsForC,
        FIRST_VA,
        segmentShift,
        segments[0].pageShift(),
        vasForC,
        vas.length);
  }

  @TearDown(org.openjdk.jmh.annotations.Level.Trial)
  public void close() {
    memory.close();
    arena.close();
  }
}
