package org.mmport.pgtable;

import java.util.Optional;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.PagingGeometry;

/**
 * Physical memory as the code that loads entries wants it: the largest extent in reach of one
 * comparison, the others behind a search. A dump's extents may lie unaligned in its file; those are
 * always searched, and read bytewise.
 */
final class EntryMemory implements PhysicalMemory.ByAddress {
  /**
   * By how many bits the fields for walks are kept shifted up. A walk shifts them down again: that
   * tells the JIT that sums of them do not overflow, for one instruction each.
   */
  static final int HEADROOM = 3;

  /** Physical address of the first byte of the extent that is reached directly. */
  final long base;

  /** From physical addresses of that extent to addresses of the machine we run on. */
  final long shift;

  /**
   * One more than the last offset at which an entry may start. 0 where nothing is reached directly,
   * as when the memory has been closed: the search then says so.
   */
  long limit;

  /**
   * The same for the largest of the variant's tables, shifted up. What a walk finds below this
   * needs no other check.
   */
  long tableLimit;

  /** Where the machine we run on has the extent's first byte, shifted up. */
  final long start;

  private boolean closed;
  private final PhysicalMemory memory;

  EntryMemory(PhysicalMemory memory, PagingGeometry geometry) {
    PhysicalMemory.Extent main = memory.mainExtent();
    long sizeBytes = isAligned(main) ? main.bytes().byteSize() : 0;
    long largest =
        geometry.levels().stream().mapToLong(at -> geometry.tableBytes(at.level())).max().orElse(0);
    this.memory = memory;
    this.base = main.base();
    this.shift = main.bytes().address() - base;
    this.limit = Math.max(0, sizeBytes - geometry.entryBytes() + 1);
    this.tableLimit = Math.max(0, sizeBytes - largest + 1) << HEADROOM;
    this.start = main.bytes().address() << HEADROOM;
    memory.tellBeforeClose(this);
  }

  /** Whether entries of any width are aligned where the machine we run on has them. */
  static boolean isAligned(PhysicalMemory.Extent extent) {
    return (extent.bytes().address() | extent.base()) % Long.BYTES == 0;
  }

  @Override
  public void memoryCloses() {
    limit = 0;
    tableLimit = 0;
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
