package org.mmport.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
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

  private static final long NONE = -1;

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
   *
   * <p>The table is read once for each segment, and only the pages of one segment are kept while
   * they are sorted: at most 24 bytes for each. That is 1.5 MiB for 256 MiB of 4 KiB pages, 384 MiB
   * for 1 TiB of 64 KiB pages, however large the table is.
   */
  Summary visit(LeafConsumer leaves) {
    Counts counts = new Counts();
    List<HashSegment> before = new ArrayList<>();
    for (HashSegment outer : outermost()) {
      List<HashSegment> inside =
          segments.stream().filter(segment -> outer.contains(segment.firstVa())).toList();
      give(sortedPages(inside, before, counts), leaves);
      before.addAll(inside);
    }
    return new Summary(counts.entries, counts.entries - counts.reached);
  }

  private static final class Counts {
    long entries;
    long reached;
  }

  /** The pages of segments, each as {@link #addPage} notes it; counts what none before reached. */
  private long[] sortedPages(List<HashSegment> inside, List<HashSegment> before, Counts counts) {
    LongStream.Builder pages = LongStream.builder();
    counts.entries = 0;
    table.visit(
        slot -> {
          counts.entries++;
          boolean reached = false;
          for (HashSegment segment : inside) {
            long va = va(slot, segment);
            if (va != NONE) {
              reached = true;
              addPage(slot, segment, va, pages);
            }
          }
          if (reached && before.stream().allMatch(segment -> va(slot, segment) == NONE)) {
            counts.reached++;
          }
        });
    long[] sorted = pages.build().toArray();
    Arrays.sort(sorted);
    return sorted;
  }

  /** Segments that lie in no larger one, by ascending address. */
  private List<HashSegment> outermost() {
    Map<Long, HashSegment> outermost = new TreeMap<>(Long::compareUnsigned);
    for (HashSegment segment : segments) {
      boolean inLarger =
          segments.stream()
              .anyMatch(s -> s.shift() > segment.shift() && s.contains(segment.firstVa()));
      if (!inLarger) {
        outermost.putIfAbsent(segment.firstVa(), segment);
      }
    }
    return List.copyOf(outermost.values());
  }

  /**
   * Notes the page of an entry, if the MMU finds that entry when it looks for the page. The number
   * of its piece goes into the low bits, because no page has more pieces than a piece has bytes.
   */
  private void addPage(HashSlot slot, HashSegment segment, long va, LongStream.Builder pages) {
    boolean found =
        segmentOf(va).equals(segment)
            && table.find(segment, va).filter(s -> s.index() == slot.index()).isPresent();
    if (found) {
      long inLeaf = (1L << place.mmu().shift(slot.entry(), segment)) - 1;
      pages.add((va & ~inLeaf) | (va & inLeaf) >>> segment.pageShift());
    }
  }

  /** {@link #NONE} where the segment does not reach it; pages are aligned, so that is no page. */
  private long va(HashSlot slot, HashSegment segment) {
    long group = slot.index() / place.mmu().groupEntries();
    return place.mmu().va(slot.entry(), segment, group, place.groups()).orElse(NONE);
  }

  /** Pages of one outermost segment, sorted; all of its addresses have the same sign. */
  private void give(long[] pages, LeafConsumer leaves) {
    long lastVa = NONE;
    for (long page : pages) {
      HashSegment segment = segmentOf(page);
      int pageShift = segment.pageShift();
      long firstVa = page & -1L << pageShift;
      if (firstVa != lastVa) {
        lastVa = firstVa;
        long va = firstVa + ((page - firstVa) << pageShift);
        leaves.leaf(firstVa, facts(table.find(segment, va).orElseThrow(), segment));
      }
    }
  }

  private HashSegment segmentOf(long va) {
    for (HashSegment segment : segments) {
      if (segment.contains(va)) {
        return segment;
      }
    }
    throw new IllegalStateException("no segment holds 0x%016x".formatted(va));
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
