package org.mmport.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.mmport.spi.InvalidRequestException;

/**
 * Hands out blocks of 2^order frames, aligned to their own size, from a buddy allocator for each
 * NUMA node. Memory that was never handed out costs nothing, neither itself nor what is recorded
 * about it.
 *
 * <p>Several threads may allocate and free at once; each node has its lock. Blocks of page tables
 * are another matter: see {@link TableAllocator}. The gate is asked without a lock.
 */
public final class FrameAllocator {
  /** The largest order: blocks of 1024 frames, as {@code MAX_PAGE_ORDER} in Linux. */
  public static final int MAX_ORDER = 10;

  /** Frame and table records are found by address, in sparse memory about eight times as large. */
  private static final long MAX_SPAN_BYTES = 1L << 42;

  private final PhysicalMemory memory;
  private final int pageShift;
  private final NumaTopology topology;
  private final AllocationGate gate;
  private final FrameTable frames;
  private final List<NodeFrames> nodes;
  private final int[][] fallbacks;
  private final TableDescriptors descriptors;
  private final TableSlabs slabs;
  private volatile FreeListener[] freeListeners = {};

  /** Nodes that are all as far from each other, and no gate. */
  public FrameAllocator(PhysicalMemory memory, int pageShift, List<NumaNode> nodes) {
    this(memory, pageShift, NumaTopology.uniform(nodes), AllocationGate.OPEN);
  }

  /**
   * An allocator of all the frames of all the nodes. What it records lives as long as the memory.
   *
   * @param pageShift log2 of the bytes of a frame, 10 to 24
   * @param gate asked before every allocation
   * @throws InvalidRequestException when a node is not made of whole frames or has a hole, when the
   *     memory does not start at a frame, or when the nodes span more than 4 TiB
   */
  public FrameAllocator(
      PhysicalMemory memory, int pageShift, NumaTopology topology, AllocationGate gate) {
    if (pageShift < 10 || pageShift > 24) {
      throw new InvalidRequestException("frames of 2^" + pageShift + " bytes: must be 10 to 24");
    }
    this.memory = memory;
    this.pageShift = pageShift;
    this.topology = topology;
    this.gate = gate;
    long base = memory.extents().getFirst().base();
    requireFrames("memory base", base, base);
    long endPhysAddr = base;
    for (NumaNode node : topology.nodes()) {
      requireFrames("NUMA node " + node.id(), node.firstPhysAddr(), node.endPhysAddr());
      if (!memory.contains(node.firstPhysAddr(), node.sizeBytes())) {
        throw new InvalidRequestException(
            "NUMA node %d at 0x%x..0x%x: not within one extent of memory, which is %s"
                .formatted(
                    node.id(), node.firstPhysAddr(), node.endPhysAddr() - 1, memory.describe()));
      }
      endPhysAddr = Math.max(endPhysAddr, node.endPhysAddr());
    }
    if (endPhysAddr - base > MAX_SPAN_BYTES) {
      throw new InvalidRequestException(
          "memory 0x%x..0x%x: nodes may span 4 TiB, holes included; name nodes nearer to its start"
              .formatted(base, endPhysAddr - 1));
    }
    long count = (endPhysAddr - base) >> pageShift;
    this.frames = new FrameTable(memory, base >> pageShift, count);
    this.nodes = new ArrayList<>();
    this.fallbacks = new int[topology.nodes().size()][];
    for (NumaNode node : topology.nodes()) {
      nodes.add(
          new NodeFrames(
              frames,
              memory.steps(),
              node.id(),
              node.firstPhysAddr() >> pageShift,
              node.endPhysAddr() >> pageShift));
      fallbacks[node.id()] =
          topology.byDistance(node.id()).stream().mapToInt(Integer::intValue).toArray();
    }
    this.descriptors = new TableDescriptors(frames, memory, pageShift);
    this.slabs = new TableSlabs(this, descriptors);
  }

  /** One node of all whole frames of the largest extent. */
  public static FrameAllocator singleNode(PhysicalMemory memory, int pageShift) {
    PhysicalMemory.Extent extent = memory.mainExtent();
    long wholeBytes = extent.bytes().byteSize() >> pageShift << pageShift;
    if (wholeBytes == 0) {
      throw new InvalidRequestException(
          "memory %s: does not hold one frame of 2^%d bytes"
              .formatted(memory.describe(), pageShift));
    }
    return new FrameAllocator(
        memory, pageShift, List.of(new NumaNode(0, extent.base(), wholeBytes)));
  }

  /**
   * A block from the node, or from the nearest other that has one. Its bytes are not zeroed.
   *
   * @param order log2 of the number of frames, 0 to {@link #MAX_ORDER}
   * @return physical address, which may be 0
   * @throws OutOfFramesException when no node has such a block; nothing was changed
   */
  public long alloc(int order, int node) {
    return alloc(order, node, NodeFrames::take);
  }

  /** The same for tables, which lie beside each other where they can. */
  long allocForTables(int order, int node) {
    return alloc(order, node, NodeFrames::takeTable);
  }

  private interface Taker {
    long take(NodeFrames frames, int order);
  }

  private long alloc(int order, int node, Taker taker) {
    admit(order, node);
    for (int candidate : fallbacks[node]) {
      long pfn = taker.take(nodes.get(candidate), order);
      if (pfn != FrameTable.NONE) {
        return pfn << pageShift;
      }
    }
    throw outOfFrames(order, "any node");
  }

  /**
   * A block from that node and no other. Its bytes are not zeroed.
   *
   * @param order log2 of the number of frames, 0 to {@link #MAX_ORDER}
   * @return physical address, which may be 0
   * @throws OutOfFramesException when the node has no such block; nothing was changed
   */
  public long allocOnNode(int order, int node) {
    admit(order, node);
    long physAddr = physAddr(nodes.get(node).take(order));
    if (physAddr == FrameTable.NONE) {
      throw outOfFrames(order, "node " + node);
    }
    return physAddr;
  }

  /**
   * Takes a block back.
   *
   * @throws InvalidRequestException when the address and order are not those of a block handed out
   *     and not yet freed, or when it holds page tables
   */
  public void free(long physAddr, int order) {
    long pfn = requireAllocated(physAddr);
    if (frames.order(pfn) != order) {
      throw new InvalidRequestException(
          "free 0x%x with order %d: was allocated with order %d"
              .formatted(physAddr, order, frames.order(pfn)));
    }
    if (frames.use(pfn) != FrameTable.PLAIN) {
      throw new InvalidRequestException(
          "free 0x%x: holds page tables; free these, the frame follows".formatted(physAddr));
    }
    tellFreed(physAddr, 1L << (order + pageShift));
    nodes.get(frames.node(pfn)).giveBack(pfn, order);
  }

  /**
   * Takes back frames that were blocks of their own and are in no block now, from the last to the
   * first, for those who know them to be such. Comes to what {@link #free} of each would.
   */
  void freePages(long firstPfn, long endPfn) {
    long end = endPfn;
    while (end > firstPfn) {
      NodeFrames node = nodes.get(frames.node(end - 1));
      long first = Math.max(firstPfn, node.firstPfn());
      for (long at = end; at > first; ) {
        int order = NodeFrames.largestBefore(at, first);
        at -= 1L << order;
        tellFreed(at << pageShift, 1L << (order + pageShift));
      }
      node.giveBackPages(first, end);
      end = first;
    }
  }

  /** Has it told of everything that is given back from now on, for as long as the frames live. */
  public synchronized void addFreeListener(FreeListener listener) {
    FreeListener[] more = Arrays.copyOf(freeListeners, freeListeners.length + 1);
    more[freeListeners.length] = listener;
    freeListeners = more;
  }

  void tellFreed(long physAddr, long sizeBytes) {
    for (FreeListener listener : freeListeners) {
      listener.freed(physAddr, sizeBytes);
    }
  }

  /** An empty row of these frames, for as long as the memory lives. */
  public FrameQueue newQueue() {
    return new FrameQueue(memory, frames);
  }

  /** The node that a physical address belongs to. Refused for addresses of none. */
  public int nodeOf(long physAddr) {
    for (int node = 0; node < nodes.size(); node++) {
      if (nodes.get(node).contains(physAddr >> pageShift)) {
        return node;
      }
    }
    throw new InvalidRequestException(
        "physical address 0x%x: in no NUMA node of %s".formatted(physAddr, topology.nodes()));
  }

  /** Free frames of all nodes, those never handed out included. */
  public long freeFrames() {
    return nodes.stream().mapToLong(NodeFrames::freeFrames).sum();
  }

  /** Free frames of a node, those never handed out included. */
  public long freeFrames(int node) {
    return nodes.get(requireNode(node)).freeFrames();
  }

  /** Frames handed out and not freed, of all nodes. */
  public long allocatedFrames() {
    return nodes.stream().mapToLong(n -> n.endPfn() - n.firstPfn() - n.freeFrames()).sum();
  }

  /** The memory that the frames are of. */
  public PhysicalMemory memory() {
    return memory;
  }

  /** log2 of the bytes of a frame. */
  public int pageShift() {
    return pageShift;
  }

  /** The nodes and their distances. */
  public NumaTopology topology() {
    return topology;
  }

  /** The physical address that frame numbers count from: where the lowest extent starts. */
  public long basePhysAddr() {
    return frames.firstPfn() << pageShift;
  }

  FrameTable frames() {
    return frames;
  }

  TableDescriptors descriptors() {
    return descriptors;
  }

  TableSlabs slabs() {
    return slabs;
  }

  NodeFrames node(int node) {
    return nodes.get(node);
  }

  /** The nodes to try for a node, in this order. Not to be written to. */
  int[] fallbacks(int node) {
    return fallbacks[node];
  }

  /** Checks a request and asks the gate. */
  void admit(int order, int node) {
    if (order < 0 || order > MAX_ORDER) {
      throw new InvalidRequestException("order " + order + ": must be 0 to " + MAX_ORDER);
    }
    requireNode(node);
    if (!gate.permits(order, node)) {
      throw new OutOfFramesException(
          "order " + order + " on node " + node + ": refused by the allocation gate");
    }
  }

  /**
   * A block of an admitted request for tables from one node, {@link FrameTable#NONE} when it has
   * none.
   */
  long takeForTables(int order, int node) {
    return physAddr(nodes.get(node).takeTable(order));
  }

  private long physAddr(long pfn) {
    return pfn == FrameTable.NONE ? FrameTable.NONE : pfn << pageShift;
  }

  OutOfFramesException outOfFrames(int order, String where) {
    List<Long> free = nodes.stream().map(NodeFrames::freeFrames).toList();
    return new OutOfFramesException(
        "order %d on %s: no free block of %d frames; free frames by node are %s: give it more memory"
            .formatted(order, where, 1 << order, free));
  }

  private long requireAllocated(long physAddr) {
    nodeOf(physAddr);
    if ((physAddr & ((1L << pageShift) - 1)) != 0) {
      throw new InvalidRequestException(
          "free 0x%x: inside a frame; give the address that was handed out".formatted(physAddr));
    }
    long pfn = physAddr >> pageShift;
    if (frames.state(pfn) == FrameTable.ALLOCATED_HEAD) {
      return pfn;
    }
    long head = frames.headOf(pfn);
    if (head == FrameTable.NONE && pfn >= nodes.get(nodeOf(physAddr)).freshPfn()) {
      throw new InvalidRequestException("free 0x%x: was never handed out".formatted(physAddr));
    }
    if (head == FrameTable.NONE || frames.state(head) == FrameTable.FREE_HEAD) {
      throw new InvalidRequestException(
          "free 0x%x: is free; free each block once".formatted(physAddr));
    }
    throw new InvalidRequestException(
        "free 0x%x: inside the block at 0x%x of order %d; give its first address"
            .formatted(physAddr, head << pageShift, frames.order(head)));
  }

  private int requireNode(int node) {
    if (node < 0 || node >= nodes.size()) {
      throw new InvalidRequestException(
          "NUMA node " + node + ": must be 0 to " + (nodes.size() - 1));
    }
    return node;
  }

  private void requireFrames(String what, long firstPhysAddr, long endPhysAddr) {
    if (((firstPhysAddr | endPhysAddr) & ((1L << pageShift) - 1)) != 0) {
      throw new InvalidRequestException(
          "%s 0x%x..0x%x: must start and end at multiples of the frame, 0x%x"
              .formatted(what, firstPhysAddr, endPhysAddr, 1L << pageShift));
    }
  }
}
