package org.mmport.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;

/**
 * What is known of each page table: one descriptor of 64 bytes (a cache line) by table id, in
 * sparse memory. {@code struct ptdesc} is the kernel's, one for each page.
 *
 * <p>The id of a table of one frame or more is {@code (tableAddr - basePhysAddr) >> pageShift}, and
 * so anybody can compute it. Tables smaller than a frame lie in slabs; their ids are above those of
 * all frames, one run for each slab in the order of its slots.
 *
 * <pre>
 * offset bytes
 *      0     1  state: 0 dead, 1 live
 *      1     1  level
 *      2     2  node
 *      4     4  owner
 *      8     8  first virtual address
 *     16     4  live entries: those that are not none
 *     20     4  use count: entries that point at the table
 *     24     8  physical address
 *     32     8  while dead: next of the list that it is on; reserved while live: limbo list
 *     40     4  lock word of the entries: odd while held, one more each time it is taken or given back
 *     44     4  reserved: limbo state
 *     48     8  note of whoever accounts for what the table maps
 *     56     8  reserved: list of owners, generation
 * </pre>
 *
 * <p>Ints and longs are in native byte order and aligned, for atomic access. Descriptors are for
 * one thread at a time, and those of tables that several threads fill for whoever holds their lock
 * word; free ones belong to the table allocator.
 */
public final class TableDescriptors {
  /** Bytes of a descriptor: that of id n is at {@code n * DESCRIPTOR_BYTES}. */
  public static final int DESCRIPTOR_BYTES = 64;

  /** Where in a descriptor the number of live entries is, 4 bytes. */
  public static final int LIVE_OFFSET = 16;

  /** Smallest slot of a slab; smaller tables take one as well. */
  static final int MIN_SLOT_SHIFT = 4;

  private static final byte DEAD = 0;
  private static final byte LIVE = 1;

  private static final long STATE = 0;
  private static final long LEVEL = 1;
  private static final long NODE = 2;
  private static final long OWNER = 4;
  private static final long FIRST_VA = 8;
  private static final long USE_COUNT = 20;
  private static final long TABLE_ADDR = 24;
  private static final long LINK = 32;
  private static final long LOCK = 40;
  private static final long NOTE = 48;

  private static final VarHandle INT = JAVA_INT.varHandle();
  private static final int SPINS = 64;
  private static final long PAUSE_NANOS = 1_000;

  private static final Level[] LEVELS = Level.values();
  private static final long NO_RUN = -1;

  private final FrameTable frames;
  private final int pageShift;
  private final MemorySegment segment;
  private final Steps steps;
  private final long[] freeRuns;
  private long nextRun;
  private long tables;

  TableDescriptors(FrameTable frames, PhysicalMemory memory, int pageShift) {
    this.frames = frames;
    this.pageShift = pageShift;
    this.steps = memory.steps();
    // A freed run serves slabs of its slot size only, so each size may come to need ids for every
    // frame: together less than twice those of the smallest slots.
    long idsPerFrame = 1 + (2L << (pageShift - MIN_SLOT_SHIFT));
    this.segment = memory.mapBeside(frames.count() * idsPerFrame * DESCRIPTOR_BYTES);
    this.freeRuns = new long[pageShift];
    Arrays.fill(freeRuns, NO_RUN);
    this.nextRun = frames.count();
  }

  /** All descriptors, for loops that update live entries themselves. */
  public MemorySegment segment() {
    return segment;
  }

  /** Tables handed out and not freed. */
  public long tables() {
    return tables;
  }

  /**
   * The id of a table.
   *
   * @throws InvalidRequestException when no live table starts at that address
   */
  public long id(long tableAddr) {
    long pfn = tableAddr >> pageShift;
    long offsetBytes = tableAddr - (pfn << pageShift);
    if (frames.contains(pfn) && frames.state(pfn) == FrameTable.ALLOCATED_HEAD) {
      byte use = frames.use(pfn);
      if (use == FrameTable.TABLE && offsetBytes == 0) {
        // The frame's use says that the table lives; its descriptor may be far from the caches.
        return pfn - frames.firstPfn();
      }
      if (use == FrameTable.SLAB) {
        int slotShift = frames.slotShift(pfn);
        long id = frames.firstId(pfn) + (offsetBytes >> slotShift);
        if ((offsetBytes & ((1L << slotShift) - 1)) == 0 && isLive(id)) {
          return id;
        }
      }
    }
    throw new InvalidRequestException(
        "table 0x%x: no page table starts there, or it was freed".formatted(tableAddr));
  }

  /**
   * Passes the id of each table that has bytes in a frame: none for a frame without tables, one for
   * any frame of a table of several, many for a slab.
   *
   * @param physAddr any address in the frame
   * @throws InvalidRequestException when the address lies outside the memory of all nodes
   */
  public void forEachInFrame(long physAddr, LongConsumer ids) {
    long pfn = physAddr >> pageShift;
    if (!frames.contains(pfn)) {
      throw new InvalidRequestException(
          "frame of physical address 0x%x: outside memory".formatted(physAddr));
    }
    long head = frames.headOf(pfn);
    if (head == FrameTable.NONE || frames.state(head) != FrameTable.ALLOCATED_HEAD) {
      return;
    }
    byte use = frames.use(head);
    if (use == FrameTable.TABLE) {
      ids.accept(head - frames.firstPfn());
    } else if (use == FrameTable.SLAB) {
      long firstId = frames.firstId(head);
      long endId = firstId + frames.freshSlot(head);
      for (long id = firstId; id < endId; id++) {
        if (isLive(id)) {
          ids.accept(id);
        }
      }
    }
  }

  /** Physical address of the table. */
  public long tableAddr(long id) {
    return segment.get(JAVA_LONG, live(id) + TABLE_ADDR);
  }

  /** NUMA node of the table's memory. */
  public int node(long id) {
    return segment.get(JAVA_SHORT, live(id) + NODE);
  }

  /** Level of the table; PGD until set. */
  public Level level(long id) {
    return LEVELS[segment.get(JAVA_BYTE, live(id) + LEVEL)];
  }

  public void setLevel(long id, Level level) {
    segment.set(JAVA_BYTE, live(id) + LEVEL, (byte) level.ordinal());
  }

  /** Number of the owner, whatever the caller counts; 0 until set. */
  public int owner(long id) {
    return segment.get(JAVA_INT, live(id) + OWNER);
  }

  public void setOwner(long id, int owner) {
    segment.set(JAVA_INT, live(id) + OWNER, owner);
  }

  /** First virtual address that the table translates; 0 until set. */
  public long firstVa(long id) {
    return segment.get(JAVA_LONG, live(id) + FIRST_VA);
  }

  public void setFirstVa(long id, long firstVa) {
    segment.set(JAVA_LONG, live(id) + FIRST_VA, firstVa);
  }

  /** Entries that point at the table; 0 until set. */
  public int useCount(long id) {
    return segment.get(JAVA_INT, live(id) + USE_COUNT);
  }

  public void setUseCount(long id, int useCount) {
    segment.set(JAVA_INT, live(id) + USE_COUNT, useCount);
  }

  /** So many more of them, or fewer (count below 0). */
  public void addUses(long id, int count) {
    long field = live(id) + USE_COUNT;
    segment.set(JAVA_INT, field, segment.get(JAVA_INT, field) + count);
  }

  /** A note on what the table maps, whatever the caller keeps there; 0 until set. */
  public long note(long id) {
    return segment.get(JAVA_LONG, live(id) + NOTE);
  }

  public void setNote(long id, long note) {
    segment.set(JAVA_LONG, live(id) + NOTE, note);
  }

  /** Entries of the table that are not none; 0 until set. */
  public int liveEntries(long id) {
    return segment.get(JAVA_INT, live(id) + LIVE_OFFSET);
  }

  /** So many more of them, or fewer (count below 0). */
  public void addLiveEntries(long id, int count) {
    long field = live(id) + LIVE_OFFSET;
    segment.set(JAVA_INT, field, segment.get(JAVA_INT, field) + count);
  }

  /**
   * Takes the lock of a table's entries: {@code pte_lockptr()}. Not to be taken twice.
   *
   * @return the {@link #lockVersion} as it was before; the same as earlier if nobody had the lock
   *     since
   */
  public int lock(long id) {
    long at = live(id) + LOCK;
    if (!steps.equals(Steps.NONE)) {
      steps.acquire(new LockName(LockRank.PTE_TABLE, id));
    }
    for (int tries = 1; ; tries++) {
      int word = (int) INT.getVolatile(segment, at);
      if ((word & 1) == 0 && INT.compareAndSet(segment, at, word, word + 1)) {
        return word;
      }
      if (tries % SPINS == 0) {
        LockSupport.parkNanos(PAUSE_NANOS);
      } else {
        Thread.onSpinWait();
      }
    }
  }

  /** Gives it back. */
  public void unlock(long id) {
    long at = live(id) + LOCK;
    INT.setVolatile(segment, at, (int) INT.getVolatile(segment, at) + 1);
    if (!steps.equals(Steps.NONE)) {
      steps.release(new LockName(LockRank.PTE_TABLE, id));
    }
  }

  /**
   * Another number each time that the lock was taken and given back. Whoever reads it, then
   * entries, and gets the same from {@link #lock}, need not read those again.
   */
  public int lockVersion(long id) {
    return (int) INT.getVolatile(segment, live(id) + LOCK);
  }

  /** Makes the descriptor of a new table: all fields 0 but the address and the node. */
  void open(long id, long tableAddr, int node) {
    long at = id * DESCRIPTOR_BYTES;
    for (long field = 0; field < DESCRIPTOR_BYTES; field += Long.BYTES) {
      segment.set(JAVA_LONG, at + field, 0);
    }
    segment.set(JAVA_SHORT, at + NODE, (short) node);
    segment.set(JAVA_LONG, at + TABLE_ADDR, tableAddr);
    segment.set(JAVA_BYTE, at + STATE, LIVE);
    tables++;
  }

  void close(long id) {
    segment.set(JAVA_BYTE, live(id) + STATE, DEAD);
    tables--;
  }

  /** Next of the list that a dead descriptor is on. */
  long link(long id) {
    return segment.get(JAVA_LONG, id * DESCRIPTOR_BYTES + LINK);
  }

  void setLink(long id, long next) {
    segment.set(JAVA_LONG, id * DESCRIPTOR_BYTES + LINK, next);
  }

  /** Ids for all slots of one slab, dead all. Returns the first. */
  long takeRun(int slotShift) {
    long firstId = freeRuns[slotShift];
    if (firstId != NO_RUN) {
      freeRuns[slotShift] = link(firstId);
      return firstId;
    }
    firstId = nextRun;
    nextRun += 1L << (pageShift - slotShift);
    return firstId;
  }

  void giveBackRun(long firstId, int slotShift) {
    setLink(firstId, freeRuns[slotShift]);
    freeRuns[slotShift] = firstId;
  }

  private boolean isLive(long id) {
    return segment.get(JAVA_BYTE, id * DESCRIPTOR_BYTES + STATE) == LIVE;
  }

  private long live(long id) {
    if (id < 0 || id >= nextRun || !isLive(id)) {
      throw new InvalidRequestException("table id " + id + ": no table has it, or it was freed");
    }
    return id * DESCRIPTOR_BYTES;
  }
}
