package org.mmport.conformance;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;

/** SEG: segments, by which the TLB and a hash table are keyed. */
@RestsOn({"FMT-20", "FMT-21"})
final class SegClauses {
  private static final String MANUAL = "Power ISA 3.0B Book III, 5.7.8";

  private SegClauses() {}

  @Clause(
      id = "SEG-01",
      text = "Addresses have the same key exactly where they have the same segment",
      source = MANUAL + "; kernel: get_vsid, VSID 0 is invalid",
      check = "SegmentMap.segment: VSIDs that meet, contexts left out of them",
      requires = MmuFeature.SEGMENTS)
  static void keysTellSegmentsApart(ClauseContext c) {
    Map<Long, String> owners = new HashMap<>();
    int smallest = Long.SIZE;
    for (long context : new long[] {8, 9, 100, 60000}) {
      for (long va : Samples.pages(c, 24)) {
        long key = c.variant().segmentMap().segment(context, va);
        c.checkVa(key != 0, va, "a key that is not 0", key);
        HashSegment segment = HashClauses.mmu(c).segment(context, va);
        String owner = (va < 0 ? 0 : context) + "/" + segment.firstVa() + "/" + segment.shift();
        String other = owners.putIfAbsent(key, owner);
        c.checkVa(other == null || other.equals(owner), va, "a key of its own", other);
        long lastVa = segment.firstVa() + (1L << segment.shift()) - 1;
        c.checkVa(segment.contains(va) && segment.contains(lastVa), va, "in its segment", segment);
        c.checkVa(!segment.contains(lastVa + 1), va, "an end of its segment", segment);
        smallest = Math.min(smallest, segment.shift());
      }
    }
    int declared = c.variant().segmentMap().segmentShift();
    c.check(smallest == declared, "segmentShift " + declared + " of the smallest", smallest);
  }

  @Clause(
      id = "SEG-02",
      text = "Golden segments have the size and the VSID that they say",
      source = "kernel: get_vsid, get_kernel_context, user_segment_size",
      check = "multiplier, modulus and where the context goes",
      requires = MmuFeature.HASHED)
  static void goldenSegments(ClauseContext c) {
    for (List<String> row : HashClauses.golden(c, "-segments", 5)) {
      long va = GoldenFile.number(row.get(2));
      HashSegment segment = HashClauses.mmu(c).segment(GoldenFile.number(row.get(1)), va);
      c.checkVa(segment.shift() == GoldenFile.number(row.get(3)), va, row.get(3), segment.shift());
      long vsid = GoldenFile.number(row.get(4));
      c.checkVa(segment.vsid() == vsid, va, "VSID " + row.get(4), Long.toHexString(segment.vsid()));
    }
  }

  @Clause(
      id = "SEG-03",
      text =
          "A table that may be shared spans a whole segment, and one of the level below does not",
      source = "kernel: one hash slot to a pte; R1 sharing on ppc64",
      check = "MmuVariant.minShareLevel",
      requires = MmuFeature.SEGMENTS)
  static void sharedTablesSpanSegments(ClauseContext c) {
    Level level = c.variant().minShareLevel();
    int spanned = Samples.shift(c.geometry(), level) + c.geometry().at(level).indexBits();
    int segment = c.variant().segmentMap().segmentShift();
    c.check(spanned >= segment, level, "tables of 2^" + segment + " bytes", "2^" + spanned);
    int entry = Samples.shift(c.geometry(), level);
    c.check(entry < segment, level, "no level that spans more than it must", "2^" + entry);
  }
}
