package org.mmport.scenario;

import java.util.stream.IntStream;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.NumaNode;
import org.mmport.machine.NumaTopology;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.Steps;
import org.mmport.mm.MmSystem;
import org.mmport.mm.SwapArea;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;

/** A machine of a variant with its memory, for one scenario. */
public final class MmBench implements AutoCloseable {
  /** Of a node: enough for the tables and pages of a few small processes, whatever their size. */
  private static final long FRAMES = 1L << 14;

  private static final int CPUS = 2;

  /** Each with a CPU. What asks for no node's memory in particular gets the first's. */
  private static final int NODES = CPUS;

  /** So few that they run out at times. */
  private static final int SWAP_SLOTS = 40;

  /** Pages of a scenario that lie before the place where tables of all levels end. */
  public static final long PAGES_BEFORE = 20;

  private final PhysicalMemory memory;
  private final FrameAllocator frames;
  private final MmSystem system;
  private final Simulation simulation;
  private long framesAtRest;
  private long permitted = Long.MAX_VALUE;
  private int largestOrder = FrameAllocator.MAX_ORDER;

  /** A machine on which nothing runs. */
  public MmBench(MmuVariant variant) {
    this(variant, Steps.NONE);
  }

  /** The same, and somebody is told what its threads do. */
  public MmBench(MmuVariant variant, Steps steps) {
    int pageShift = variant.geometry().pageShift();
    long nodeBytes = FRAMES << pageShift;
    this.memory = PhysicalMemory.ofSize(NODES * nodeBytes, steps);
    this.frames =
        new FrameAllocator(
            memory,
            pageShift,
            NumaTopology.uniform(
                IntStream.range(0, NODES)
                    .mapToObj(node -> new NumaNode(node, node * nodeBytes, nodeBytes))
                    .toList()),
            (order, node) -> order <= largestOrder && permitted-- > 0);
    this.system = new MmSystem(variant, frames, CPUS);
    this.system.swapOn(new SwapArea(pageShift, SWAP_SLOTS));
    for (int cpu = 0; cpu < CPUS; cpu++) {
      this.system.numa().placeCpu(cpu, cpu);
    }
    this.simulation =
        new Simulation(system, Simulation.beforeBoundary(variant.geometry(), PAGES_BEFORE));
    this.framesAtRest = frames.allocatedFrames();
  }

  /** A machine whose processes have the kernel's half, too. */
  public static MmBench withKernel(MmuVariant variant) {
    MmBench bench = new MmBench(variant);
    bench.system.kernel();
    bench.framesAtRest = bench.frames.allocatedFrames();
    return bench;
  }

  public PhysicalMemory memory() {
    return memory;
  }

  public FrameAllocator frames() {
    return frames;
  }

  public Simulation simulation() {
    return simulation;
  }

  public MmSystem system() {
    return system;
  }

  /** Lets so many more allocations pass, and refuses those after. */
  public void permitAllocations(long count) {
    permitted = count;
  }

  public void permitAllAllocations() {
    permitted = Long.MAX_VALUE;
  }

  /** Refuses blocks above an order, as memory in pieces does. */
  public void permitOrders(int largest) {
    largestOrder = largest;
  }

  int cpus() {
    return CPUS;
  }

  /** Whether pages can be kept from being executed, so that fetches tell something. */
  boolean fetches() {
    return system.variant().has(MmuFeature.NO_EXECUTE);
  }

  /** How many pages a huge page has; 0 where there are none. */
  public long hugePages() {
    return system.hugePageBytes().orElse(0) >>> system.variant().geometry().pageShift();
  }

  public Invariants invariants() {
    return new Invariants(system);
  }

  /** Frames in use beyond those of a machine on which nothing runs. */
  public long leaked() {
    return frames.allocatedFrames() - framesAtRest;
  }

  @Override
  public void close() {
    memory.close();
  }
}
