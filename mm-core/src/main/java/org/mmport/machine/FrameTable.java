package org.mmport.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * What is known of each frame, by page frame number, in sparse memory, as {@code struct page} is.
 * It is in three arrays: 8 bytes of kinds and 8 bytes of counts, which fork and exit look at of
 * every page and the JIT reads eight at a time, and 48 bytes for the rest. What was never touched
 * reads as zero, which means "no head", so that nothing need be written for memory that nobody
 * uses.
 *
 * <pre>
 * offset bytes
 *      0     1  state: 0 no head (tail of a block, or never handed out), 1 free head, 2 allocated head
 *      1     1  order of the block (heads)
 *      2     1  use of an allocated block: 0 plain, 1 one table, 2 slab of tables
 *      3     1  log2 of the slot bytes (slabs)
 *      4     4  folios: {@link PageFlag}, by ordinal, and bit 31 in heads: is on a deferred split queue
 *
 *      0     4  folios: references (heads)
 *      4     4  folios: mapcounts of all pages and the entire mapcount together (heads)
 *
 *      0     8  next pfn of the list it is on: free blocks, slabs, split queues; -1 ends it
 *      8     8  previous pfn of that list; -1 at its head
 *     16     8  slabs: id of the first slot's descriptor; folios: what they belong to (heads)
 *     24     4  slabs: slots in use; folios: 8 bytes, which page of that the head is
 *     28     4  slabs: slots never used start here
 *     32     4  slabs: first slot of the list of freed ones, -1 for none; folios: entire mapcount (heads)
 *     36     4  large folios: pins (heads)
 *     40     4  large folios: PTEs that map this page
 *     44     2  node (heads)
 *     46     2  reserved
 * </pre>
 *
 * <p>In the head of a block just allocated all is zero but its state, order and node. List links
 * and heads belong to the block's node and are guarded by its lock, those of split queues by the
 * queue's; folios' fields are accessed atomically, by {@link FolioFields}. Flags, counts and
 * mapcounts of tails are zero, too, where a block is handed out.
 */
final class FrameTable implements PhysicalMemory.ByAddress {
  static final int KIND_BYTES = 8;
  static final int COUNTS_BYTES = 8;
  static final int REST_BYTES = 48;

  /** No frame: the end of a list, or nothing found. Frame 0 is a frame like others. */
  static final long NONE = -1;

  static final byte NO_HEAD = 0;
  static final byte FREE_HEAD = 1;
  static final byte ALLOCATED_HEAD = 2;

  static final byte PLAIN = 0;
  static final byte TABLE = 1;
  static final byte SLAB = 2;

  // In a kind.
  static final long FLAGS = 4;

  // In what the rest is in.
  static final long MAPPING = 16;
  static final long INDEX = 24;
  static final long ENTIRE_MAPS = 32;
  static final long PINS = 36;
  static final long PAGE_MAPS = 40;

  /** The kind of a frame that is no head. */
  static final long IN_NO_BLOCK = 0;

  /** State, order and use, in the first 4 bytes of a kind as one number. */
  static final int BLOCK_KIND = 0xff_ffff;

  private static final ValueLayout.OfInt BLOCK = JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final long STATE = 0;
  private static final long ORDER = 1;
  private static final long USE = 2;
  private static final long SLOT_SHIFT = 3;
  private static final long NEXT = 0;
  private static final long PREVIOUS = 8;
  private static final long FIRST_ID = 16;
  private static final long SLOTS_IN_USE = 24;
  private static final long FRESH_SLOT = 28;
  private static final long FREED_SLOT = 32;
  private static final long NODE = 44;

  /** As for entries, and for the same reason: docs/adr/0011-entries-by-address.md. */
  @SuppressWarnings("restricted")
  static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  /** Tells the JIT that they are aligned, and their addresses small. */
  private static final long ALIGNED = (1L << 56) - Long.BYTES;

  private final MemorySegment kinds;
  private final MemorySegment counts;
  private final MemorySegment rests;
  private final long kindBase;
  private final long countsBase;
  private final long restBase;
  private final long firstPfn;

  /** 0 when the memory has been given back. */
  private long count;

  /** Zeroed, for so many frames from a page frame number on. */
  FrameTable(PhysicalMemory memory, long firstPfn, long count) {
    this.kinds = memory.mapBeside(count * KIND_BYTES);
    this.counts = memory.mapBeside(count * COUNTS_BYTES);
    this.rests = memory.mapBeside(count * REST_BYTES);
    this.kindBase = kinds.address();
    this.countsBase = counts.address();
    this.restBase = rests.address();
    this.firstPfn = firstPfn;
    this.count = count;
    memory.tellBeforeClose(this);
  }

  @Override
  public void memoryCloses() {
    count = 0;
  }

  MemorySegment kinds() {
    return kinds;
  }

  MemorySegment counts() {
    return counts;
  }

  MemorySegment rests() {
    return rests;
  }

  long firstPfn() {
    return firstPfn;
  }

  /** Frames from the first to the last that something is known of, those in holes included. */
  long count() {
    return count;
  }

  boolean contains(long pfn) {
    return Long.compareUnsigned(pfn - firstPfn, count) < 0;
  }

  /** How many of so many frames in a row something is known of, up to the first without. */
  int known(long pfn, int nr) {
    return contains(pfn) ? (int) Math.min(nr, firstPfn + count - pfn) : 0;
  }

  /** Whether a frame is a block of its own, handed out for whatever is not tables. */
  boolean isPlainPage(long pfn) {
    return (ALL.get(BLOCK, kind(pfn)) & BLOCK_KIND) == ALLOCATED_HEAD;
  }

  /** The head of the block that a frame is in; {@link #NONE} where it never was in one. */
  long headOf(long pfn) {
    for (int order = 0; order <= FrameAllocator.MAX_ORDER; order++) {
      long head = pfn & -(1L << order);
      if (head < firstPfn) {
        return NONE;
      }
      if (state(head) != NO_HEAD) {
        // A block that ends before the frame: the frame lies behind all that was ever carved.
        return head + (1L << order(head)) > pfn ? head : NONE;
      }
    }
    return NONE;
  }

  void markFree(long pfn, int order, int node) {
    markHead(pfn, FREE_HEAD, order, node);
  }

  void markAllocated(long pfn, int order, int node) {
    long rest = rest(pfn);
    for (long field = 0; field < REST_BYTES; field += Long.BYTES) {
      ALL.set(JAVA_LONG, rest + field, 0);
    }
    long kind = kind(pfn);
    ALL.set(JAVA_SHORT, kind + USE, (short) 0);
    ALL.set(JAVA_INT, kind + FLAGS, 0);
    ALL.set(JAVA_LONG, counts(pfn), 0);
    markHead(pfn, ALLOCATED_HEAD, order, node);
  }

  void markNoHead(long pfn) {
    ALL.set(JAVA_BYTE, kind(pfn) + STATE, NO_HEAD);
  }

  byte state(long pfn) {
    return ALL.get(JAVA_BYTE, kind(pfn) + STATE);
  }

  int order(long pfn) {
    return ALL.get(JAVA_BYTE, kind(pfn) + ORDER);
  }

  int node(long pfn) {
    return ALL.get(JAVA_SHORT, rest(pfn) + NODE);
  }

  byte use(long pfn) {
    return ALL.get(JAVA_BYTE, kind(pfn) + USE);
  }

  void setUse(long pfn, byte use) {
    ALL.set(JAVA_BYTE, kind(pfn) + USE, use);
  }

  int slotShift(long pfn) {
    return ALL.get(JAVA_BYTE, kind(pfn) + SLOT_SHIFT);
  }

  void setSlotShift(long pfn, int slotShift) {
    ALL.set(JAVA_BYTE, kind(pfn) + SLOT_SHIFT, (byte) slotShift);
  }

  long firstId(long pfn) {
    return ALL.get(JAVA_LONG, rest(pfn) + FIRST_ID);
  }

  void setFirstId(long pfn, long id) {
    ALL.set(JAVA_LONG, rest(pfn) + FIRST_ID, id);
  }

  int slotsInUse(long pfn) {
    return ALL.get(JAVA_INT, rest(pfn) + SLOTS_IN_USE);
  }

  void setSlotsInUse(long pfn, int slots) {
    ALL.set(JAVA_INT, rest(pfn) + SLOTS_IN_USE, slots);
  }

  int freshSlot(long pfn) {
    return ALL.get(JAVA_INT, rest(pfn) + FRESH_SLOT);
  }

  void setFreshSlot(long pfn, int slot) {
    ALL.set(JAVA_INT, rest(pfn) + FRESH_SLOT, slot);
  }

  int freedSlot(long pfn) {
    return ALL.get(JAVA_INT, rest(pfn) + FREED_SLOT);
  }

  void setFreedSlot(long pfn, int slot) {
    ALL.set(JAVA_INT, rest(pfn) + FREED_SLOT, slot);
  }

  long next(long pfn) {
    return ALL.get(JAVA_LONG, rest(pfn) + NEXT);
  }

  long previous(long pfn) {
    return ALL.get(JAVA_LONG, rest(pfn) + PREVIOUS);
  }

  /** Puts a frame in front of a list. Returns the new head of that list. */
  long push(long pfn, long listHead) {
    ALL.set(JAVA_LONG, rest(pfn) + NEXT, listHead);
    ALL.set(JAVA_LONG, rest(pfn) + PREVIOUS, NONE);
    if (listHead != NONE) {
      ALL.set(JAVA_LONG, rest(listHead) + PREVIOUS, pfn);
    }
    return pfn;
  }

  /** Takes a frame off the list that it is on. Returns the new head of that list. */
  long unlink(long pfn, long listHead) {
    long next = next(pfn);
    long previous = previous(pfn);
    if (next != NONE) {
      ALL.set(JAVA_LONG, rest(next) + PREVIOUS, previous);
    }
    if (previous == NONE) {
      return next;
    }
    ALL.set(JAVA_LONG, rest(previous) + NEXT, next);
    return listHead;
  }

  private void markHead(long pfn, byte state, int order, int node) {
    ALL.set(JAVA_SHORT, rest(pfn) + NODE, (short) node);
    long kind = kind(pfn);
    ALL.set(JAVA_BYTE, kind + STATE, state);
    ALL.set(JAVA_BYTE, kind + ORDER, (byte) order);
  }

  /**
   * Where the machine we run on has what kind of frame one is, and its flags.
   *
   * @throws IllegalStateException for a frame that nothing is known of, as all are when memory has
   *     been closed
   */
  long kind(long pfn) {
    return (kindBase + index(pfn) * KIND_BYTES) & ALIGNED;
  }

  /** Those of frames in a row, of all of which something is known. */
  MemorySegment kinds(long pfn, int nr) {
    return ALL.asSlice(kind(pfn), nr * (long) KIND_BYTES);
  }

  /** Where it has its counts. Throws as {@link #kind} does. */
  long counts(long pfn) {
    return (countsBase + index(pfn) * COUNTS_BYTES) & ALIGNED;
  }

  /** Those of frames in a row, of all of which something is known. */
  MemorySegment counts(long pfn, int nr) {
    return ALL.asSlice(counts(pfn), nr * (long) COUNTS_BYTES);
  }

  /** Where it has the rest of what is known of it. Throws as {@link #kind} does. */
  long rest(long pfn) {
    return (restBase + index(pfn) * REST_BYTES) & ALIGNED;
  }

  private long index(long pfn) {
    long index = pfn - firstPfn;
    if (Long.compareUnsigned(index, count) >= 0) {
      throw new IllegalStateException(
          "frame 0x%x: memory is closed, or has no such frame".formatted(pfn));
    }
    return index;
  }
}
