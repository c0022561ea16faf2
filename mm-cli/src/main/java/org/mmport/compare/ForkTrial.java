package org.mmport.compare;

import java.util.ArrayList;
import java.util.List;
import org.mmport.cpu.CpuCounts;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.Steps;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.MmSystem;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.VaRegion;

/**
 * One case, one way to fork, one variant.
 *
 * @param atFork what the forks took
 * @param after what children's writes took then
 */
public record ForkTrial(MmuVariant variant, ForkStrategy way, ForkCost atFork, ForkCost after) {
  /** The first run has the JIT compile; the fastest of the rest is what it takes. */
  private static final int TIMED_RUNS = 4;

  /** Counts what it takes; times are 0. */
  public static ForkTrial counted(ForkCase forkCase, ForkStrategy way, MmuVariant variant) {
    ForkSteps counts = new ForkSteps(variant);
    ForkTrial trial = new Run(forkCase, variant, counts, counts).of(way);
    return trial.withNanos(0, 0);
  }

  /** The same trial with times, taken while nothing is counted. */
  public ForkTrial timed(ForkCase forkCase) {
    long forked = Long.MAX_VALUE;
    long written = Long.MAX_VALUE;
    for (int i = 0; i < TIMED_RUNS; i++) {
      ForkTrial run = new Run(forkCase, variant, Steps.NONE, new ForkSteps(variant)).of(way);
      forked = Math.min(forked, run.atFork.nanos());
      written = Math.min(written, run.after.nanos());
    }
    return withNanos(forked, written);
  }

  private ForkTrial withNanos(long forked, long written) {
    return new ForkTrial(variant, way, atFork.withNanos(forked), after.withNanos(written));
  }

  /** A machine for one run. */
  private static final class Run {
    private static final int CPUS = 2;

    /** For tables, and what is in use before. */
    private static final int MORE_FRAMES = 4096;

    private final ForkCase forkCase;
    private final MmuVariant variant;
    private final ForkSteps counts;
    private final PhysicalMemory memory;
    private final MmSystem system;

    Run(ForkCase forkCase, MmuVariant variant, Steps steps, ForkSteps counts) {
      this.forkCase = forkCase;
      this.variant = variant;
      this.counts = counts;
      int pageShift = variant.geometry().pageShift();
      long copies = (long) forkCase.children() * (forkCase.writes() + forkCase.pins());
      long tables = (long) (forkCase.children() + 1) * forkCase.pages() / 8;
      long frames = forkCase.pages() + copies + tables + MORE_FRAMES;
      this.memory = PhysicalMemory.ofSize(frames << pageShift, steps);
      this.system = new MmSystem(variant, FrameAllocator.singleNode(memory, pageShift), CPUS);
    }

    ForkTrial of(ForkStrategy way) {
      try (memory) {
        system.useFolios(forkCase.folioOrders());
        long pageBytes = variant.geometry().pageBytes();
        AddressSpace parent = system.create();
        long va =
            parent.mmap(
                MmapRequest.anonymous(forkCase.pages() * pageBytes, VmaRights.READ_WRITE)
                    .at(firstVa()));
        UserCpu cpu = new UserCpu(parent, 0);
        for (int i = 0; i < forkCase.pages(); i++) {
          cpu.store(va + i * pageBytes, (byte) 1);
        }
        for (int i = 0; i < forkCase.pins(); i++) {
          parent.pin(va + (long) i * forkCase.pages() / forkCase.pins() * pageBytes);
        }
        ForkCost before = now();
        List<AddressSpace> children = new ArrayList<>();
        for (int i = 0; i < forkCase.children(); i++) {
          children.add(parent.fork(way));
        }
        ForkCost forked = now();
        for (AddressSpace child : children) {
          write(new UserCpu(child, 1), va, pageBytes);
        }
        return new ForkTrial(variant, way, forked.minus(before), now().minus(forked));
      }
    }

    /** Aligned, so that each variant needs as few tables as it can. */
    private long firstVa() {
      VaRegion user = variant.geometry().vaLayout().userRegion();
      return user.firstVa() + variant.geometry().spanBytes(variant.geometry().rootLevel());
    }

    private void write(UserCpu cpu, long va, long pageBytes) {
      for (int i = 0; i < forkCase.writes(); i++) {
        cpu.store(va + (long) i * forkCase.pages() / forkCase.writes() * pageBytes, (byte) 2);
      }
    }

    private ForkCost now() {
      CpuCounts cpus = system.cpus().counts();
      return new ForkCost(
          counts.entries().softwareReads(),
          counts.entries().softwareWrites(),
          counts.folioChanges(),
          system.tablesInUse(),
          system.tableBytesInUse(),
          cpus.leafFlushes() + cpus.walkCacheFlushes(),
          System.nanoTime());
    }
  }
}
