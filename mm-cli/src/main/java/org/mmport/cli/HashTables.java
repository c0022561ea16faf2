package org.mmport.cli;

import java.util.List;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.mmport.pgtable.HashSlot;
import org.mmport.pgtable.HashWalk;
import org.mmport.pgtable.HashedPageTable;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Rights;

/**
 * A hash table, and the segments that the CPU has loaded.
 *
 * @param place where it lies, and in which format of entries
 */
record HashTables(
    MmuVariant variant, HashMmu.Table place, HashedPageTable table, List<HashSegment> segments)
    implements Tables {

  /** What a visit of the whole table saw. */
  record Summary(long entries, long elsewhere) {}

  @Override
  public Answer lookup(long va) {
    return switch (table.walk(segments, va)) {
      case HashWalk.Mapped mapped ->
          new Answer(
              va,
              List.of(segment(mapped.segment()), slot(mapped.slot())),
              new Answer.Mapped(facts(mapped.slot(), mapped.segment()), mapped.physAddr()));
      case HashWalk.NoSegment none ->
          new Answer(
              va,
              List.of(),
              new Answer.Fault(
                  "no-segment",
                  "SEGMENT",
                  "none of the %d segments loaded holds 0x%016x"
                      .formatted(segments.size(), none.va())));
      case HashWalk.NotHashed not ->
          new Answer(
              va,
              List.of(segment(not.segment())),
              new Answer.Fault(
                  "not-hashed",
                  "HASH",
                  "neither group 0x%x nor its secondary holds it; the kernel may know more"
                      .formatted(not.primaryGroup())));
    };
  }

  /**
   * Every entry that a loaded segment reaches, by ascending address. Entries of a large page that
   * was hashed in pieces are one leaf.
   */
  Summary visit(LeafConsumer leaves) {
    TreeMap<Long, LeafFacts> found = new TreeMap<>(Long::compareUnsigned);
    long[] counts = new long[2];
    long groupEntries = place.mmu().groupEntries();
    table.visit(
        slot -> {
          counts[0]++;
          boolean reached = false;
          long group = slot.index() / groupEntries;
          for (HashSegment segment : segments) {
            OptionalLong va = place.mmu().va(slot.entry(), segment, group, place.groups());
            if (va.isPresent()) {
              LeafFacts facts = facts(slot, segment);
              found.put(va.getAsLong() & -facts.sizeBytes(), facts);
              reached = true;
            }
          }
          counts[1] += reached ? 0 : 1;
        });
    found.forEach(leaves::leaf);
    return new Summary(counts[0], counts[1]);
  }

  /** Takes leaves in the order of their addresses. */
  interface LeafConsumer {
    void leaf(long va, LeafFacts facts);
  }

  private LeafFacts facts(HashSlot slot, HashSegment segment) {
    HashMmu mmu = place.mmu();
    int shift = mmu.shift(slot.entry(), segment);
    int rights = mmu.rights(slot.entry(), segment);
    return new LeafFacts(
        mmu.physAddr(slot.entry(), shift),
        1L << shift,
        Level.PTE,
        slot.entry().data(),
        Rights.read(rights),
        Rights.write(rights),
        Rights.exec(rights),
        Rights.user(rights),
        false,
        mmu.young(slot.entry()),
        mmu.dirty(slot.entry()));
  }

  private static String segment(HashSegment segment) {
    return "segment 0x%016x of 2^%d bytes, VSID 0x%x, pages of 2^%d"
        .formatted(segment.firstVa(), segment.shift(), segment.vsid(), segment.pageShift());
  }

  private String slot(HashSlot slot) {
    return "%s group 0x%x [%d] at 0x%x = 0x%016x 0x%016x"
        .formatted(
            slot.which() == 0 ? "primary" : "secondary",
            slot.index() / place.mmu().groupEntries(),
            slot.index() % place.mmu().groupEntries(),
            place.physAddr() + slot.index() * HashMmu.ENTRY_BYTES,
            slot.entry().tag(),
            slot.entry().data());
  }
}
