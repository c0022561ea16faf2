package org.mmport.machine;

import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.TablePlacement;

/**
 * Hands out memory for page tables of any size: slots of a shared frame, a frame, or 2^k frames.
 * Every table is aligned to its size and has a descriptor.
 *
 * <p>Slabs and descriptors belong to the frame allocator: table allocators over the same one are
 * interchangeable. For one thread at a time.
 */
public final class TableAllocator {
  private final FrameAllocator allocator;
  private final FrameTable frames;
  private final TableDescriptors descriptors;
  private final TableSlabs slabs;

  public TableAllocator(FrameAllocator allocator) {
    this.allocator = allocator;
    this.frames = allocator.frames();
    this.descriptors = allocator.descriptors();
    this.slabs = allocator.slabs();
  }

  /**
   * Zeroed memory for one table, on the node if it has any, else on the nearest that has.
   *
   * @return physical address, which may be 0
   * @throws OutOfFramesException when no node has room; nothing was changed
   * @throws InvalidRequestException when the placement is that of a folded level or larger than the
   *     largest block of frames
   */
  public long alloc(TablePlacement placement, int node) {
    long tableAddr = allocUncleared(placement, node);
    allocator.memory().slice(tableAddr, placement.sizeBytes()).fill((byte) 0);
    return tableAddr;
  }

  /**
   * The same with whatever the memory held before, for callers that write all of it before anybody
   * can reach it.
   */
  public long allocUncleared(TablePlacement placement, int node) {
    int sizeBytes = placement.sizeBytes();
    if (sizeBytes == 0) {
      throw new InvalidRequestException("table of 0 bytes: a folded level has no table");
    }
    int sizeShift = Integer.numberOfTrailingZeros(sizeBytes);
    int order = sizeShift - allocator.pageShift();
    if (order > FrameAllocator.MAX_ORDER) {
      throw new InvalidRequestException(
          "table of %d bytes: must not be larger than %d frames of 2^%d bytes"
              .formatted(sizeBytes, 1 << FrameAllocator.MAX_ORDER, allocator.pageShift()));
    }
    long tableAddr;
    long id;
    if (order < 0) {
      tableAddr = slabs.take(Math.max(sizeShift, TableDescriptors.MIN_SLOT_SHIFT), node);
      id = slabId(tableAddr);
    } else {
      tableAddr = allocator.allocForTables(order, node);
      long pfn = tableAddr >> allocator.pageShift();
      frames.setUse(pfn, FrameTable.TABLE);
      id = pfn - frames.firstPfn();
    }
    descriptors.open(id, tableAddr, frames.node(tableAddr >> allocator.pageShift()));
    return tableAddr;
  }

  /**
   * Takes a table back, and its frame with the last table in it.
   *
   * @throws InvalidRequestException when no table starts at that address, or it was freed
   */
  public void free(long tableAddr) {
    descriptors.close(descriptors.id(tableAddr));
    long pfn = tableAddr >> allocator.pageShift();
    if (frames.use(pfn) == FrameTable.SLAB) {
      allocator.tellFreed(tableAddr, 1L << frames.slotShift(pfn));
      slabs.giveBack(tableAddr);
    } else {
      frames.setUse(pfn, FrameTable.PLAIN);
      allocator.free(tableAddr, frames.order(pfn));
    }
  }

  /** What is known of each table. */
  public TableDescriptors descriptors() {
    return descriptors;
  }

  private long slabId(long tableAddr) {
    long pfn = tableAddr >> allocator.pageShift();
    long offsetBytes = tableAddr - (pfn << allocator.pageShift());
    return frames.firstId(pfn) + (offsetBytes >> frames.slotShift(pfn));
  }
}
