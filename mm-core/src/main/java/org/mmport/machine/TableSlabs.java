package org.mmport.machine;

import java.util.Arrays;

/**
 * Frames cut into equal slots for tables smaller than a frame. A slab with free slots is on the
 * list of its node and slot size, a full one on none; its frame goes back with its last slot.
 */
final class TableSlabs {
  private static final int NO_SLOT = -1;

  private final FrameAllocator allocator;
  private final FrameTable frames;
  private final TableDescriptors descriptors;
  private final int pageShift;
  private final long[][] partialSlabs;

  TableSlabs(FrameAllocator allocator, TableDescriptors descriptors) {
    this.allocator = allocator;
    this.frames = allocator.frames();
    this.descriptors = descriptors;
    this.pageShift = allocator.pageShift();
    this.partialSlabs = new long[allocator.topology().nodes().size()][pageShift];
    for (long[] lists : partialSlabs) {
      Arrays.fill(lists, FrameTable.NONE);
    }
  }

  /** A slot on the node, or on the nearest that has a free slot or a frame for a new slab. */
  long take(int slotShift, int node) {
    allocator.admit(0, node);
    for (int candidate : allocator.fallbacks(node)) {
      long slab = partialSlabs[candidate][slotShift];
      if (slab == FrameTable.NONE) {
        slab = openSlab(slotShift, candidate);
      }
      if (slab != FrameTable.NONE) {
        return takeSlot(slab, slotShift, candidate);
      }
    }
    throw allocator.outOfFrames(0, "any node");
  }

  /** Takes back a slot whose descriptor is closed already. */
  void giveBack(long slotAddr) {
    long slab = slotAddr >> pageShift;
    int slotShift = frames.slotShift(slab);
    int node = frames.node(slab);
    int inUse = frames.slotsInUse(slab) - 1;
    boolean wasFull = inUse + 1 == slots(slotShift);
    frames.setSlotsInUse(slab, inUse);
    if (inUse == 0) {
      // Pages hold two slots at least, so a slab with one slot in use is on its list.
      partialSlabs[node][slotShift] = frames.unlink(slab, partialSlabs[node][slotShift]);
      descriptors.giveBackRun(frames.firstId(slab), slotShift);
      frames.setUse(slab, FrameTable.PLAIN);
      allocator.free(slab << pageShift, 0);
      return;
    }
    int slot = (int) ((slotAddr - (slab << pageShift)) >> slotShift);
    descriptors.setLink(frames.firstId(slab) + slot, frames.freedSlot(slab));
    frames.setFreedSlot(slab, slot);
    if (wasFull) {
      partialSlabs[node][slotShift] = frames.push(slab, partialSlabs[node][slotShift]);
    }
  }

  private long openSlab(int slotShift, int node) {
    long physAddr = allocator.takeForTables(0, node);
    if (physAddr == FrameTable.NONE) {
      return FrameTable.NONE;
    }
    long slab = physAddr >> pageShift;
    frames.setUse(slab, FrameTable.SLAB);
    frames.setSlotShift(slab, slotShift);
    frames.setFirstId(slab, descriptors.takeRun(slotShift));
    frames.setFreedSlot(slab, NO_SLOT);
    partialSlabs[node][slotShift] = frames.push(slab, partialSlabs[node][slotShift]);
    return slab;
  }

  private long takeSlot(long slab, int slotShift, int node) {
    int slot = frames.freedSlot(slab);
    if (slot != NO_SLOT) {
      frames.setFreedSlot(slab, (int) descriptors.link(frames.firstId(slab) + slot));
    } else {
      slot = frames.freshSlot(slab);
      frames.setFreshSlot(slab, slot + 1);
    }
    int inUse = frames.slotsInUse(slab) + 1;
    frames.setSlotsInUse(slab, inUse);
    if (inUse == slots(slotShift)) {
      partialSlabs[node][slotShift] = frames.unlink(slab, partialSlabs[node][slotShift]);
    }
    return (slab << pageShift) + ((long) slot << slotShift);
  }

  private int slots(int slotShift) {
    return 1 << (pageShift - slotShift);
  }
}
