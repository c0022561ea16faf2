package org.mmport.conformance;

import java.util.List;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.NumaNode;
import org.mmport.machine.NumaTopology;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.TableOwner;

/** A machine of one node, whose allocations can be counted and made to fail. */
final class Machine implements AutoCloseable {
  private static final long SIZE_BYTES = 256L << 20;

  private final MmuVariant variant;
  private final PhysicalMemory memory;
  private final FrameAllocator frames;
  private final TableSpace space;
  private final EntryBytes bytes;
  private long permitted = Long.MAX_VALUE;
  private long asked;

  Machine(MmuVariant variant) {
    this.variant = variant;
    long reachable = 1L << Math.min(62, variant.geometry().paBits());
    memory = PhysicalMemory.ofSize(Math.min(SIZE_BYTES, reachable));
    NumaNode node = new NumaNode(0, 0, memory.sizeBytes());
    frames =
        new FrameAllocator(
            memory,
            variant.geometry().pageShift(),
            NumaTopology.uniform(List.of(node)),
            (order, onNode) -> ++asked <= permitted);
    space = new TableSpace(variant, frames, 0);
    bytes = new EntryBytes(memory, variant.geometry());
  }

  MmuVariant variant() {
    return variant;
  }

  PhysicalMemory memory() {
    return memory;
  }

  FrameAllocator frames() {
    return frames;
  }

  TableSpace space() {
    return space;
  }

  EntryBytes bytes() {
    return bytes;
  }

  PageTable pageTable(TableOwner owner) {
    return PageTable.create(space, owner);
  }

  /** Tables handed out and not freed. */
  long tables() {
    return space.descriptors().tables();
  }

  /** Lets so many more allocations pass and refuses all after them. */
  void permitAllocations(long count) {
    asked = 0;
    permitted = count;
  }

  void permitAllAllocations() {
    permitAllocations(Long.MAX_VALUE);
  }

  /** Allocations asked for since the last time that a number was permitted. */
  long allocationsAsked() {
    return asked;
  }

  @Override
  public void close() {
    memory.close();
  }
}
