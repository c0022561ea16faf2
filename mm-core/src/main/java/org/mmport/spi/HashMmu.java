package org.mmport.spi;

import java.nio.ByteOrder;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * An MMU that finds translations in a hash table instead of a tree: segments, hash functions and
 * the bits of the table's entries. The tree of a variant that has one is software's own record,
 * from which the hash table is filled.
 *
 * <p>A virtual page has two groups: 0, the primary, and 1, the secondary.
 */
public interface HashMmu {
  /** Bytes of an entry. */
  int ENTRY_BYTES = 16;

  /**
   * A hash table in memory.
   *
   * @param mmu with which format of entries
   * @param physAddr of its first group
   * @param groups a power of two
   */
  record Table(HashMmu mmu, long physAddr, long groups) {}

  /** What of its entries is data. */
  HashBits bits();

  /** How leaves of the tree note where their entries were put. */
  HashNotes notes();

  /** Entries in a group. */
  default int groupEntries() {
    return bits().groupEntries();
  }

  default ByteOrder byteOrder() {
    return bits().byteOrder();
  }

  /** Where registers say that the hash table is; empty where they do not. */
  Optional<Table> locate(Registers registers, MemoryView memory);

  /** The segment that software gives to an address in the address space of a context number. */
  HashSegment segment(long context, long va);

  /** A segment from the two words of an SLB entry; empty where it is not valid. */
  Optional<HashSegment> slbSegment(long esidWord, long vsidWord);

  /** The hash of an address's virtual page, of which the low bits choose a group. */
  long hash(HashSegment segment, long va, int which);

  default boolean valid(HashEntry entry) {
    return (entry.tag() & bits().valid()) != 0;
  }

  /** By which of its hashes a valid entry was put where it is. */
  default int which(HashEntry entry) {
    return (entry.tag() & bits().secondary()) == 0 ? 0 : 1;
  }

  /** Whether a valid entry translates the address, found in the group of that hash. */
  boolean matches(HashEntry entry, HashSegment segment, long va, int which);

  /**
   * An address that a valid entry in a group translates, if the segment is the entry's: {@link
   * #matches} the other way round. The group tells what the entry leaves out.
   *
   * @param groups of the table, a power of two
   */
  OptionalLong va(HashEntry entry, HashSegment segment, long group, long groups);

  /** Whether the page was used since the mark was last cleared. */
  default boolean young(HashEntry entry) {
    return (entry.data() & bits().young()) != 0;
  }

  /** Whether the page was written since the mark was last cleared. */
  default boolean dirty(HashEntry entry) {
    return (entry.data() & bits().dirty()) != 0;
  }

  /** log2 of the bytes that an entry maps. */
  int shift(HashEntry entry, HashSegment segment);

  /** Physical address of the first byte that an entry of that size maps. */
  long physAddr(HashEntry entry, int shift);

  /** The {@link Rights} that an entry leaves in a segment. */
  int rights(HashEntry entry, HashSegment segment);

  /**
   * The entry for a present leaf of the tree. Marks that the tree does not carry are kept from
   * hardware: what is clean cannot be written, so that the first write is seen.
   *
   * @param raw a present leaf
   * @param shift log2 of the bytes that it maps, at least the segment's page size
   */
  HashEntry encode(HashSegment segment, long va, long raw, Level level, int shift, int which);

  /** The same entry with the rights and marks of another. */
  default HashEntry withProtection(HashEntry entry, HashEntry other) {
    long protection = bits().protection();
    return new HashEntry(entry.tag(), (entry.data() & ~protection) | (other.data() & protection));
  }

  /** Where in its two groups a leaf's entry was put: group entries + index for the secondary. */
  default OptionalInt slot(long raw, long slotWord) {
    return notes().slot(raw, slotWord);
  }

  /** The leaf that notes that it was put there; anything else noted goes, and so does a lock. */
  default long withSlot(long raw, int slot) {
    return notes().with(raw, slot);
  }

  /** The leaf that notes no place. */
  default long withoutSlot(long raw) {
    return notes().without(raw);
  }

  /**
   * What the word behind the entries notes of that place; not asked where {@link #slotWordBytes} is
   * 0.
   */
  default long slotWord(int slot) {
    return notes().word(slot);
  }

  /**
   * Bytes from a leaf of a level to the word that notes its place; 0 where the leaf itself does.
   */
  default int slotWordBytes(Level level) {
    return notes().wordBytes(level);
  }
}
