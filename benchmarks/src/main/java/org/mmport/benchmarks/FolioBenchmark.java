package org.mmport.benchmarks;

import java.util.concurrent.TimeUnit;
import org.mmport.cpu.Access;
import org.mmport.fork.ForkStrategies;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.MmSystem;
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
 * Fork of a process with 64 MiB in folios, and the child's munmap of them, each entry by entry and
 * in batches. The parent keeps all pages, so none is freed: what is measured is entries and counts.
 * And what it costs a process to give a quarter of each 64 KiB back, as heap allocators do that
 * know of no folios.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 6, time = 1)
@Measurement(iterations = 12, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class FolioBenchmark {
  private static final long BYTES = 64L << 20;

  /** What folios fill in any way that is measured, and how many pages that is. */
  private static final long UNIT_BYTES = 64L << 10;

  private static final int UNIT_ORDER = 4;

  /** What allocators give back at once. */
  private static final long PART_BYTES = UNIT_BYTES / 4;

  /**
   * Folios of one size; of three sizes, as where several are enabled (R4.21); or of 64 KiB of which
   * a quarter was given back and written again, which makes single pages of it (R4.22).
   */
  @Param({"4k", "16k", "64k", "128k", "256k", "mixed", "64k-freed"})
  public String folios;

  private PhysicalMemory memory;
  private MmSystem system;
  private AddressSpace parent;

  /** The way to fork. */
  @State(Scope.Benchmark)
  public static class Way {
    @Param({"eager", "batched"})
    public String way;

    ForkStrategy strategy;
    AddressSpace child;

    @Setup
    public void choose() {
      strategy = ForkStrategies.named(way);
    }

    @TearDown(Level.Invocation)
    public void exit() {
      child.close();
    }
  }

  /** A process that gave nothing back yet. */
  @State(Scope.Benchmark)
  public static class Whole {
    AddressSpace space;

    @Setup(Level.Invocation)
    public void fill(FolioBenchmark benchmark) {
      space = benchmark.filled();
    }

    @TearDown(Level.Invocation)
    public void exit() {
      space.close();
    }
  }

  /** A child that has all of it, and how it unmaps that. */
  @State(Scope.Benchmark)
  public static class Forked {
    @Param({"batched", "singly"})
    public String unmap;

    AddressSpace child;

    @Setup(Level.Invocation)
    public void fork(FolioBenchmark benchmark) {
      child = benchmark.parent.fork(ForkStrategies.named("batched"));
    }

    @TearDown(Level.Invocation)
    public void exit() {
      child.close();
    }
  }

  @Setup
  public void prepare() {
    memory = PhysicalMemory.ofSize(4 * BYTES);
    system = new MmSystem(Variants.of(Workload.MEASURED), FrameAllocator.singleNode(memory, 12), 2);
    parent = filled();
    if (folios.equals("64k-freed")) {
      freeParts(parent);
      touchParts(parent);
    }
  }

  private AddressSpace filled() {
    return FolioFill.fill(system, BYTES / UNIT_BYTES, UNIT_ORDER, this::order);
  }

  /** log2 of the pages of the folios that a unit is filled with. */
  private int order(int unit) {
    return switch (folios) {
      case "4k" -> 0;
      case "16k" -> 2;
      case "mixed" -> new int[] {UNIT_ORDER, 2, UNIT_ORDER, 0}[unit % 4];
      case "128k" -> UNIT_ORDER + 1;
      case "256k" -> UNIT_ORDER + 2;
      default -> UNIT_ORDER;
    };
  }

  /** A part of each unit, not the same one in all. */
  private static void freeParts(AddressSpace space) {
    for (int unit = 0; unit < BYTES / UNIT_BYTES; unit++) {
      space.dontNeed(partVa(unit), PART_BYTES);
    }
  }

  private static void touchParts(AddressSpace space) {
    for (int unit = 0; unit < BYTES / UNIT_BYTES; unit++) {
      for (long at = 0; at < PART_BYTES; at += Workload.PAGE_BYTES) {
        space.fault(partVa(unit) + at, Access.USER_WRITE);
      }
    }
  }

  private static long partVa(int unit) {
    return Workload.BASE + unit * UNIT_BYTES + unit % 4 * PART_BYTES;
  }

  @TearDown
  public void close() {
    memory.close();
  }

  @Benchmark
  public AddressSpace fork(Way state) {
    state.child = parent.fork(state.strategy);
    return state.child;
  }

  @Benchmark
  public void munmap(Forked state) {
    if (state.unmap.equals("batched")) {
      state.child.munmap(Workload.BASE, BYTES);
    } else {
      new Singly(state.child).unmap(Workload.BASE, BYTES);
    }
  }

  @Benchmark
  public void freeParts(Whole state) {
    freeParts(state.space);
  }
}
