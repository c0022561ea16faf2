package org.mmport.pgtable;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.mmport.machine.PhysicalMemory;

/**
 * Physical memory as the code that loads entries wants it: the largest extent in reach of one
 * comparison, the others behind a search. A dump's extents may lie unaligned in its file; those are
 * always searched, and read bytewise.
 */
final class EntryMemory {
  /** The bytes of the extent that is reached directly. */
  final MemorySegment bytes;

  /** Physical address of the first of {@link #bytes}. */
  final long base;

  /**
   * One more than the last offset at which an entry may start; 0 where nothing is reached directly.
   */
  final long limit;

  private final PhysicalMemory memory;

  EntryMemory(PhysicalMemory memory, int entryBytes) {
    PhysicalMemory.Extent main = memory.mainExtent();
    boolean aligned = main.bytes().address() % entryBytes == 0 && main.base() % entryBytes == 0;
    this.memory = memory;
    this.bytes = main.bytes();
    this.base = main.base();
    this.limit = aligned ? Math.max(0, main.bytes().byteSize() - entryBytes + 1) : 0;
  }

  PhysicalMemory memory() {
    return memory;
  }

  boolean contains(long physAddr, long lengthBytes) {
    return memory.contains(physAddr, lengthBytes);
  }

  /** The extent of an entry that is not reached directly. */
  Optional<PhysicalMemory.Extent> search(long entryAddr, int entryBytes) {
    return memory.extentOf(entryAddr, entryBytes);
  }
}
