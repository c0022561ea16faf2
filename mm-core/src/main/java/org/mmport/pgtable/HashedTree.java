package org.mmport.pgtable;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Optional;
import java.util.OptionalInt;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.Steps;
import org.mmport.spi.HashEntry;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;

/**
 * Trees and the hash table that is filled from them, kept in step as Linux does it: {@code
 * hash_page()} at a hash fault, and the flush behind a change of a leaf. A leaf notes where its
 * entry was put and is not told when that makes way for another, so nothing is believed that is not
 * found there. Faults and changes of the hash table are for one thread at a time: whoever makes
 * them locks. Leaves may change meanwhile.
 */
public final class HashedTree {
  private final PhysicalMemory memory;
  private final Steps steps;
  private final HashedPageTable table;
  private final PteFormat format;
  private final HashMmu mmu;
  private final ValueLayout.OfLong word;
  private final VarHandle atomic;

  /**
   * Trees of a variant.
   *
   * @param memory that holds them
   * @throws InvalidRequestException when the variant has no hash table
   */
  public HashedTree(PhysicalMemory memory, MmuVariant variant, HashedPageTable table) {
    this.memory = memory;
    this.steps = memory.steps();
    this.table = table;
    this.format = variant.format();
    this.mmu =
        variant
            .segmentMap()
            .hashMmu()
            .orElseThrow(
                () ->
                    new InvalidRequestException(
                        variant + ": has no hash table; take a variant with HASHED"));
    this.word = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(variant.geometry().byteOrder());
    this.atomic = ValueLayout.JAVA_LONG.withOrder(variant.geometry().byteOrder()).varHandle();
  }

  /**
   * A leaf of a tree.
   *
   * @param segment that holds its address
   * @param va an address that it maps
   * @param entryAddr physical address of the leaf
   * @param shift log2 of the bytes that it maps
   */
  public record Leaf(HashSegment segment, long va, long entryAddr, Level level, int shift) {}

  /**
   * A hash fault. What the leaf permits is put into the hash table, or brought up to date there;
   * the leaf becomes young, and dirty where it is written, and notes the place.
   *
   * @param access what is to be done, as a mask of {@link Rights}
   * @return false where the leaf does not permit it: a page fault, and nothing changes
   */
  public boolean fault(Leaf at, int access) {
    while (true) {
      long raw = load(at.entryAddr());
      boolean mapped = format.valid(raw, at.level()) && format.leaf(raw, at.level());
      if (!mapped || (access & ~format.rights(raw, at.level())) != 0) {
        return false;
      }
      long dirty = (access & Rights.WRITE) != 0 ? format.bits().dirty() : 0;
      if (hashed(at, raw, raw | format.bits().young() | dirty)) {
        return true;
      }
    }
  }

  /** Hashes a leaf with its marks; false, and nothing new hashed, where it changed meanwhile. */
  private boolean hashed(Leaf at, long raw, long touched) {
    Optional<HashSlot> noted = noted(at, raw);
    if (noted.isPresent()) {
      if (!replaceEntry(at.entryAddr(), raw, touched)) {
        return false;
      }
      table.protect(noted.get(), entry(at, touched, noted.get().which()));
      return true;
    }
    HashSlot slot = table.insert(at.segment(), at.va(), touched, at.level(), at.shift()).slot();
    int place = table.place(slot);
    int behind = mmu.slotWordBytes(at.level());
    if (behind > 0) {
      // The place first: whoever sees the leaf hashed must find it.
      store(at.entryAddr() + behind, mmu.slotWord(place));
    }
    if (!replaceEntry(at.entryAddr(), raw, mmu.withSlot(touched, place))) {
      table.remove(slot);
      return false;
    }
    return true;
  }

  /**
   * Stores something else in place of a leaf, noting no place. The old leaf's entry goes from the
   * hash table, if it is still there.
   */
  public void replace(Leaf at, long raw) {
    Optional<HashSlot> noted = noted(at, load(at.entryAddr()));
    store(at.entryAddr(), mmu.withoutSlot(raw));
    noted.ifPresent(table::remove);
  }

  private HashEntry entry(Leaf at, long raw, int which) {
    return mmu.encode(at.segment(), at.va(), raw, at.level(), at.shift(), which);
  }

  private Optional<HashSlot> noted(Leaf at, long raw) {
    int behind = mmu.slotWordBytes(at.level());
    OptionalInt place = mmu.slot(raw, behind == 0 ? 0 : load(at.entryAddr() + behind));
    return place.isPresent()
        ? table.find(at.segment(), at.va(), place.getAsInt())
        : Optional.empty();
  }

  /** Whoever changes the tree does not wait for a hash fault: Linux has a busy bit for that. */
  private boolean replaceEntry(long physAddr, long expected, long value) {
    MemorySegment entry = memory.slice(physAddr, Long.BYTES);
    steps.entry(Steps.Kind.UPDATE, entry.address());
    return (boolean) atomic.compareAndSet(entry, 0L, expected, value);
  }

  private long load(long physAddr) {
    MemorySegment entry = memory.slice(physAddr, Long.BYTES);
    steps.entry(Steps.Kind.LOAD, entry.address());
    return entry.get(word, 0);
  }

  private void store(long physAddr, long value) {
    MemorySegment entry = memory.slice(physAddr, Long.BYTES);
    steps.entry(Steps.Kind.STORE, entry.address());
    entry.set(word, 0, value);
  }
}
