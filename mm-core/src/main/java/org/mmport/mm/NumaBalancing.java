package org.mmport.mm;

import org.mmport.spi.InvalidRequestException;

/**
 * Where the CPUs of a machine are, and what hints told of who uses which memory from where. Any
 * thread may call it.
 */
public final class NumaBalancing {
  /** Of an access that none of the machine's CPUs made ({@code NUMA_NO_NODE}). */
  static final int NO_NODE = -1;

  private final MmSystem system;
  private final int[] nodeOfCpu;
  private final long[][] faults;
  private NumaCounts counts = NumaCounts.ZERO;
  private volatile boolean used;

  /** Of a machine whose CPUs are on node 0 at first. */
  NumaBalancing(MmSystem system, int cpus) {
    this.system = system;
    this.nodeOfCpu = new int[cpus];
    this.faults = new long[system.folios().nodes()][system.folios().nodes()];
  }

  /**
   * Says on which node a CPU is ({@code set_cpu_numa_node()}).
   *
   * @throws InvalidRequestException where there is no such CPU or node
   */
  public void placeCpu(int cpu, int node) {
    system.locked(() -> nodeOfCpu[requireCpu(cpu)] = requireNode(node));
  }

  /** What hints came to so far. */
  public NumaCounts counts() {
    return system.locked(() -> counts);
  }

  /**
   * How often a CPU of one node met a hint at a page of a node ({@code numa_faults}).
   *
   * @throws InvalidRequestException where there is no such node
   */
  public long hintFaults(int cpuNode, int pageNode) {
    return system.locked(() -> faults[requireNode(cpuNode)][requireNode(pageNode)]);
  }

  // With the lock held.

  /** The node of a CPU ({@code cpu_to_node()}). */
  int node(int cpu) {
    return nodeOfCpu[requireCpu(cpu)];
  }

  /** Pages that have got a hint so far. */
  long pteUpdates() {
    return counts.pteUpdates();
  }

  /** Whether there was ever a hint. Asked without the lock. */
  boolean isUsed() {
    return used;
  }

  void updated(long pages, long hugeLeaves) {
    used = true;
    count(new NumaCounts(pages, hugeLeaves, 0, 0, 0));
  }

  void hintFault(int cpuNode, int pageNode) {
    faults[cpuNode][pageNode]++;
    count(new NumaCounts(0, 0, 1, cpuNode == pageNode ? 1 : 0, 0));
  }

  void migrated() {
    count(new NumaCounts(0, 0, 0, 0, 1));
  }

  private void count(NumaCounts more) {
    counts = counts.plus(more);
  }

  private int requireCpu(int cpu) {
    if (cpu < 0 || cpu >= nodeOfCpu.length) {
      throw new InvalidRequestException(
          "CPU %d: must be 0 to %d".formatted(cpu, nodeOfCpu.length - 1));
    }
    return cpu;
  }

  private int requireNode(int node) {
    if (node < 0 || node >= faults.length) {
      throw new InvalidRequestException(
          "NUMA node %d: must be 0 to %d".formatted(node, faults.length - 1));
    }
    return node;
  }
}
