package org.mmport.pgtable;

import java.util.Optional;
import org.mmport.machine.PhysicalMemory;

/**
 * Physical memory as the code that loads entries wants it: the largest extent in reach of one
 * comparison, the others behind a search. A dump's extents may lie unaligned in its file; those are
 * always searched, and read bytewise.
 */
final class EntryMemory implements PhysicalMemory.ByAddress {
  /** Physical address of the first byte of the extent that is reached directly. */
  final long base;

  /** From physical addresses of that extent to addresses of the machine we run on. */
  final long shift;

  /**
   * One more than the last offset at which an entry may start. 0 where nothing is reached directly,
   * as when the memory has been closed: the search then says so.
   */
  long limit;

  private boolean closed;
  private final PhysicalMemory memory;

  EntryMemory(PhysicalMemory memory, int entryBytes) {
    PhysicalMemory.Extent main = memory.mainExtent();
    this.memory = memory;
    this.base = main.base();
    this.shift = main.bytes().address() - base;
    this.limit = isAligned(main) ? Math.max(0, main.bytes().byteSize() - entryBytes + 1) : 0;
    memory.tellBeforeClose(this);
  }

  /** Whether entries of any width are aligned where the machine we run on has them. */
  static boolean isAligned(PhysicalMemory.Extent extent) {
    return (extent.bytes().address() | extent.base()) % Long.BYTES == 0;
  }

  @Override
  public void memoryCloses() {
    limit = 0;
    closed = true;
  }

  PhysicalMemory memory() {
    return memory;
  }

  /** For code that goes by addresses found earlier. */
  void requireOpen() {
    if (closed) {
      throw new IllegalStateException("page tables in memory that has been closed");
    }
  }

  boolean contains(long physAddr, long lengthBytes) {
    return memory.contains(physAddr, lengthBytes);
  }

  /** The extent of an entry that is not reached directly. */
  Optional<PhysicalMemory.Extent> search(long entryAddr, int entryBytes) {
    return memory.extentOf(entryAddr, entryBytes);
  }
}
