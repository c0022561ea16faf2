package org.mmport.pgtable;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.LockRank;
import org.mmport.machine.SteppedLock;
import org.mmport.machine.TableAllocator;
import org.mmport.machine.TableDescriptors;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuVariant;

/**
 * Where the tables of one variant come from: memory, allocator and descriptors of a machine. Shared
 * by all address spaces of that machine.
 */
public final class TableSpace {
  private final MmuVariant variant;
  private final TreeShape shape;
  private final TableAllocator allocator;
  private final EntryMemory entryMemory;
  private final VariantCode variantCode;
  private final int node;
  private final ReentrantLock memoryLock;
  private final int[] tablesByLevel = new int[Level.values().length];
  private SharingCounts sharingCounts = SharingCounts.NONE;

  /** Physical address from which descriptors count frames. */
  final long firstFrame;

  /**
   * Where the machine we run on would have the live count of frame 0, if there were one: that of
   * another is as many descriptors further.
   */
  final long liveCounts;

  /**
   * Tables on one node of a machine.
   *
   * @throws InvalidRequestException when the machine's frames are not the variant's pages
   */
  public TableSpace(MmuVariant variant, FrameAllocator frames, int node) {
    if (frames.pageShift() != variant.geometry().pageShift()) {
      throw new InvalidRequestException(
          "frames of 2^%d bytes: %s has pages of 2^%d; make the frame allocator with that"
              .formatted(frames.pageShift(), variant.id(), variant.geometry().pageShift()));
    }
    this.variant = variant;
    this.shape = new TreeShape(variant.geometry());
    this.allocator = new TableAllocator(frames);
    this.entryMemory = new EntryMemory(frames.memory(), variant.geometry());
    this.variantCode = VariantCode.of(variant, frames.memory());
    this.node = node;
    this.memoryLock = newLock(LockRank.TABLE_MEMORY, 0);
    this.firstFrame = frames.basePhysAddr();
    this.liveCounts =
        descriptors().segment().address()
            + TableDescriptors.LIVE_OFFSET
            - (firstFrame >>> frames.pageShift()) * TableDescriptors.DESCRIPTOR_BYTES;
  }

  /** A lock of the machine whose tables these are. */
  ReentrantLock newLock(LockRank rank, long number) {
    return SteppedLock.of(entryMemory.memory().steps(), rank, number);
  }

  /** Where walks go by addresses. */
  TreeShape shape() {
    return shape;
  }

  public MmuVariant variant() {
    return variant;
  }

  /** What is known of each table. */
  public TableDescriptors descriptors() {
    return allocator.descriptors();
  }

  VariantCode variantCode() {
    return variantCode;
  }

  EntryMemory entryMemory() {
    return entryMemory;
  }

  /** For walks and single pages, which do not depend on the level. */
  EntryCode code() {
    return variantCode.walks();
  }

  /** For runs of entries of tables of a level. */
  EntryCode code(Level level) {
    return variantCode.at(level);
  }

  /** Memory for a table, described but not hooked anywhere, with anything in it. */
  long allocTable(Level level) {
    memoryLock.lock();
    try {
      long table = allocator.allocUncleared(variant.geometry().at(level).placement(), node);
      TableDescriptors descriptors = descriptors();
      long id = descriptors.id(table);
      descriptors.setLevel(id, level);
      descriptors.setUseCount(id, 1);
      tablesByLevel[level.ordinal()]++;
      return table;
    } finally {
      memoryLock.unlock();
    }
  }

  /** Fills a table that nobody can reach with empty entries. */
  void empty(long table, Level level) {
    LevelGeometry at = variant.geometry().at(level);
    entryMemory.memory().slice(table, at.placement().sizeBytes()).fill((byte) 0);
    long empty = variant.format().empty(level);
    if (empty != 0) {
      for (int i = 0; i < at.entries(); i++) {
        code().store(entryMemory, table + (long) i * variant.geometry().entryBytes(), empty);
      }
    }
  }

  /**
   * Notes the first address that a table serves, so that it can be found from its frame (R2.39).
   */
  void describe(long table, long firstVa) {
    TableDescriptors descriptors = descriptors();
    descriptors.setFirstVa(descriptors.id(table), firstVa);
  }

  void freeTable(long table) {
    memoryLock.lock();
    try {
      tablesByLevel[level(table).ordinal()]--;
      allocator.free(table);
    } finally {
      memoryLock.unlock();
    }
  }

  Level level(long table) {
    TableDescriptors descriptors = descriptors();
    return descriptors.level(descriptors.id(table));
  }

  /** Entries that point at the table; 1 for a root, and for one that is yet to be hooked. */
  public int useCount(long table) {
    TableDescriptors descriptors = descriptors();
    return descriptors.useCount(descriptors.id(table));
  }

  void addUse(long table, int count) {
    TableDescriptors descriptors = descriptors();
    descriptors.addUses(descriptors.id(table), count);
  }

  /** Bytes of the tables that there are, of all address spaces, those that are shared once. */
  public long tableBytes() {
    long bytes = 0;
    for (Level level : Level.values()) {
      bytes += (long) tablesByLevel[level.ordinal()] * variant.geometry().tableBytes(level);
    }
    return bytes;
  }

  /** What became of shared tables. */
  public SharingCounts sharingCounts() {
    return sharingCounts;
  }

  void count(UnaryOperator<SharingCounts> more) {
    sharingCounts = more.apply(sharingCounts);
  }

  int live(long table) {
    TableDescriptors descriptors = descriptors();
    return descriptors.liveEntries(descriptors.id(table));
  }

  void addLive(long table, int count) {
    TableDescriptors descriptors = descriptors();
    descriptors.addLiveEntries(descriptors.id(table), count);
  }
}
