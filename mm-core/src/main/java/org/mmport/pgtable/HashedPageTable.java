package org.mmport.pgtable;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.HashEntry;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;

/**
 * A hash table in memory: looked through as hardware does, and kept as a kernel does. Reading works
 * on dumps as well. Not thread-safe: whoever changes it locks.
 */
public final class HashedPageTable {
  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

  private final PhysicalMemory memory;
  private final HashMmu mmu;
  private final long physAddr;
  private final long groups;
  private final boolean swapped;

  /** The table where it lies in one piece, else nothing. */
  private final MemorySegment direct;

  private long victim;

  private HashedPageTable(PhysicalMemory memory, HashMmu.Table table) {
    this.memory = memory;
    this.mmu = table.mmu();
    this.physAddr = table.physAddr();
    this.groups = table.groups();
    this.swapped = mmu.byteOrder() != ByteOrder.nativeOrder();
    long bytes = groups * mmu.groupEntries() * HashMmu.ENTRY_BYTES;
    this.direct =
        memory
            .extentOf(physAddr, bytes)
            .map(extent -> extent.bytes().asSlice(physAddr - extent.base(), bytes))
            .orElse(MemorySegment.NULL);
  }

  /**
   * A table that lies in memory already, zeroed or filled.
   *
   * @throws InvalidRequestException when it does not lie in memory or has no power of two of groups
   */
  public static HashedPageTable over(PhysicalMemory memory, HashMmu.Table table) {
    long bytes = table.groups() * table.mmu().groupEntries() * HashMmu.ENTRY_BYTES;
    if (Long.bitCount(table.groups()) != 1 || !memory.contains(table.physAddr(), bytes)) {
      throw new InvalidRequestException(
          "hash table of %d groups at 0x%x: groups must be a power of two, all in memory, which is %s"
              .formatted(table.groups(), table.physAddr(), memory.describe()));
    }
    return new HashedPageTable(memory, table);
  }

  /** What this MMU makes of an address, given the segments that it has loaded. */
  public HashWalk walk(List<HashSegment> segments, long va) {
    Optional<HashSegment> segment = segments.stream().filter(s -> s.contains(va)).findFirst();
    if (segment.isEmpty()) {
      return new HashWalk.NoSegment(va);
    }
    return find(segment.get(), va)
        .<HashWalk>map(slot -> mapped(segment.get(), va, slot))
        .orElseGet(() -> new HashWalk.NotHashed(va, segment.get(), group(segment.get(), va, 0)));
  }

  private HashWalk.Mapped mapped(HashSegment segment, long va, HashSlot slot) {
    int shift = mmu.shift(slot.entry(), segment);
    long offset = va & (1L << shift) - 1;
    long found = mmu.physAddr(slot.entry(), shift) | offset;
    return new HashWalk.Mapped(
        va, segment, slot, found, 1L << shift, mmu.rights(slot.entry(), segment));
  }

  /**
   * The physical address that this MMU makes of an address of a segment, or {@link
   * TableWalker#NOT_MAPPED} where neither group holds it. The fast way; {@link #walk} says more.
   */
  public long translate(HashSegment segment, long va) {
    for (int which = 0; which < 2; which++) {
      MemorySegment group = groupBytes(group(segment, va, which));
      for (int i = 0; i < mmu.groupEntries(); i++) {
        HashEntry entry = entry(group, i);
        if (mmu.valid(entry) && mmu.matches(entry, segment, va, which)) {
          int shift = mmu.shift(entry, segment);
          return mmu.physAddr(entry, shift) | (va & ((1L << shift) - 1));
        }
      }
    }
    return TableWalker.NOT_MAPPED;
  }

  /** The entry that translates an address of a segment, in the primary group or the secondary. */
  public Optional<HashSlot> find(HashSegment segment, long va) {
    for (int which = 0; which < 2; which++) {
      long first = group(segment, va, which) * mmu.groupEntries();
      for (int i = 0; i < mmu.groupEntries(); i++) {
        HashEntry entry = load(first + i);
        if (mmu.valid(entry) && mmu.matches(entry, segment, va, which)) {
          return Optional.of(new HashSlot(first + i, which, entry));
        }
      }
    }
    return Optional.empty();
  }

  /**
   * The same at one place only: where something is noted to have been put, which may be another's
   * by now.
   *
   * @param place group entries + index for the secondary group
   */
  public Optional<HashSlot> find(HashSegment segment, long va, int place) {
    int which = place / mmu.groupEntries();
    long index =
        group(segment, va, which) * mmu.groupEntries() + Math.floorMod(place, mmu.groupEntries());
    HashEntry entry = load(index);
    return mmu.valid(entry) && mmu.matches(entry, segment, va, which)
        ? Optional.of(new HashSlot(index, which, entry))
        : Optional.empty();
  }

  /** Where in its two groups a slot is, as leaves note it. */
  int place(HashSlot slot) {
    return slot.which() * mmu.groupEntries() + (int) (slot.index() % mmu.groupEntries());
  }

  /** What an insertion did: where the entry is now, and which one had to make way. */
  public record Inserted(HashSlot slot, Optional<HashEntry> evicted) {}

  /**
   * Hashes a present leaf: into a free entry of the primary group, else of the secondary, else in
   * the place of another. The caller has looked for it before; twice in the table would be a
   * machine check.
   */
  public Inserted insert(HashSegment segment, long va, long raw, Level level, int shift) {
    for (int which = 0; which < 2; which++) {
      long first = group(segment, va, which) * mmu.groupEntries();
      for (int i = 0; i < mmu.groupEntries(); i++) {
        if (!mmu.valid(load(first + i))) {
          HashEntry entry = mmu.encode(segment, va, raw, level, shift, which);
          store(first + i, entry);
          return new Inserted(new HashSlot(first + i, which, entry), Optional.empty());
        }
      }
    }
    // Round robin over both groups; hardware and kernels choose as they like.
    int choice = (int) (victim++ % (2L * mmu.groupEntries()));
    int which = choice / mmu.groupEntries();
    long index = group(segment, va, which) * mmu.groupEntries() + choice % mmu.groupEntries();
    HashEntry old = load(index);
    HashEntry entry = mmu.encode(segment, va, raw, level, shift, which);
    store(index, entry);
    return new Inserted(new HashSlot(index, which, entry), Optional.of(old));
  }

  /** Gives the entry of a page the rights of its leaf; false where it is not hashed (any more). */
  public boolean protect(HashSegment segment, long va, long raw, Level level, int shift) {
    Optional<HashSlot> slot = find(segment, va);
    slot.ifPresent(s -> protect(s, mmu.encode(segment, va, raw, level, shift, s.which())));
    return slot.isPresent();
  }

  void protect(HashSlot slot, HashEntry now) {
    store(slot.index(), mmu.withProtection(slot.entry(), now));
  }

  void remove(HashSlot slot) {
    store(slot.index(), HashEntry.EMPTY);
  }

  /** Takes the entry of a page out; false where it is not hashed (any more). */
  public boolean remove(HashSegment segment, long va) {
    Optional<HashSlot> slot = find(segment, va);
    slot.ifPresent(this::remove);
    return slot.isPresent();
  }

  /** Every valid entry, ascending. */
  public void visit(Consumer<HashSlot> visitor) {
    for (long index = 0; index < groups * mmu.groupEntries(); index++) {
      at(index).ifPresent(visitor);
    }
  }

  /** The entry of that index, counted through all groups, if it is valid. */
  public Optional<HashSlot> at(long index) {
    HashEntry entry = load(index);
    return mmu.valid(entry)
        ? Optional.of(new HashSlot(index, mmu.which(entry), entry))
        : Optional.empty();
  }

  private long group(HashSegment segment, long va, int which) {
    return mmu.hash(segment, va, which) & groups - 1;
  }

  private HashEntry load(long index) {
    return entry(groupBytes(index / mmu.groupEntries()), Math.floorMod(index, mmu.groupEntries()));
  }

  private MemorySegment groupBytes(long group) {
    long bytes = (long) mmu.groupEntries() * HashMmu.ENTRY_BYTES;
    return direct.byteSize() == 0
        ? memory.slice(physAddr + group * bytes, bytes)
        : direct.asSlice(group * bytes, bytes);
  }

  private HashEntry entry(MemorySegment group, int index) {
    long tag = group.get(WORD, index * (long) HashMmu.ENTRY_BYTES);
    long data = group.get(WORD, index * (long) HashMmu.ENTRY_BYTES + Long.BYTES);
    return new HashEntry(ordered(tag), ordered(data));
  }

  /** As a kernel does it: the data first, the tag with its valid bit last. */
  private void store(long index, HashEntry entry) {
    var bytes = memory.slice(physAddr + index * HashMmu.ENTRY_BYTES, HashMmu.ENTRY_BYTES);
    bytes.set(WORD, 0, 0);
    bytes.set(WORD, Long.BYTES, ordered(entry.data()));
    bytes.set(WORD, 0, ordered(entry.tag()));
  }

  private long ordered(long word) {
    return swapped ? Long.reverseBytes(word) : word;
  }
}
