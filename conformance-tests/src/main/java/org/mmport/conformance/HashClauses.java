package org.mmport.conformance;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.HashSlot;
import org.mmport.pgtable.HashWalk;
import org.mmport.pgtable.HashedPageTable;
import org.mmport.spi.HashEntry;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/** SEG and HASH: segments, and the hash table that translations of them live in. */
@RestsOn({"FMT-20", "FMT-21"})
final class HashClauses {
  private static final String MANUAL = "Power ISA 3.0B Book III, 5.7.8 and 5.7.9";
  private static final long GROUPS = 1 << 11;

  private HashClauses() {}

  @Clause(
      id = "SEG-01",
      text = "Addresses have the same key exactly where they have the same segment",
      source = MANUAL + "; kernel: get_vsid, VSID 0 is invalid",
      check = "SegmentMap.segment: VSIDs that meet, contexts left out of them",
      requires = MmuFeature.SEGMENTS)
  static void keysTellSegmentsApart(ClauseContext c) {
    Map<Long, String> owners = new HashMap<>();
    for (long context : new long[] {8, 9, 100, 60000}) {
      for (long va : Samples.pages(c, 24)) {
        long key = c.variant().segmentMap().segment(context, va);
        c.checkVa(key != 0, va, "a key that is not 0", key);
        HashSegment segment = mmu(c).segment(context, va);
        String owner = (va < 0 ? 0 : context) + "/" + segment.firstVa() + "/" + segment.shift();
        String other = owners.putIfAbsent(key, owner);
        c.checkVa(other == null || other.equals(owner), va, "a key of its own", other);
        long lastVa = segment.firstVa() + (1L << segment.shift()) - 1;
        c.checkVa(segment.contains(va) && segment.contains(lastVa), va, "in its segment", segment);
        c.checkVa(!segment.contains(lastVa + 1), va, "an end of its segment", segment);
        c.checkVa(
            segment.shift() >= c.variant().segmentMap().segmentShift(),
            va,
            "segmentShift of the smallest",
            segment);
      }
    }
  }

  @Clause(
      id = "SEG-02",
      text = "Golden segments have the size and the VSID that they say",
      source = "kernel: get_vsid, get_kernel_context, user_segment_size",
      check = "multiplier, modulus and where the context goes",
      requires = MmuFeature.HASHED)
  static void goldenSegments(ClauseContext c) {
    for (List<String> row : golden(c, "-segments", 5)) {
      long va = GoldenFile.number(row.get(2));
      HashSegment segment = mmu(c).segment(GoldenFile.number(row.get(1)), va);
      c.checkVa(segment.shift() == GoldenFile.number(row.get(3)), va, row.get(3), segment.shift());
      long vsid = GoldenFile.number(row.get(4));
      c.checkVa(segment.vsid() == vsid, va, "VSID " + row.get(4), Long.toHexString(segment.vsid()));
    }
  }

  @Clause(
      id = "SEG-03",
      text = "A table that may be shared spans a whole segment at least",
      source = "kernel: one hash slot to a pte; R1 sharing on ppc64",
      check = "MmuVariant.minShareLevel",
      requires = MmuFeature.SEGMENTS)
  static void sharedTablesSpanSegments(ClauseContext c) {
    Level level = c.variant().minShareLevel();
    int spanned = Samples.shift(c.geometry(), level) + c.geometry().at(level).indexBits();
    int segment = c.variant().segmentMap().segmentShift();
    c.check(spanned >= segment, level, "tables of 2^" + segment + " bytes", "2^" + spanned);
  }

  @Clause(
      id = "HASH-01",
      text =
          "What was hashed is found again: the frame, the size, and no right that the leaf lacks",
      source = MANUAL + "; kernel: htab_convert_pte_flags",
      check = "encode, matches, physAddr and rights of the HashMmu",
      requires = MmuFeature.HASHED)
  static void hashedIsFound(ClauseContext c) {
    PteFormat f = c.format();
    for (Protection protection : Samples.ACCESSIBLE) {
      for (long va : Samples.pages(c, 2)) {
        if (va < 0 != (protection.owner() == TableOwner.KERNEL)) {
          continue;
        }
        long physAddr = Samples.physAddr(c, Level.PTE) & (1L << 50) - 1;
        long raw = f.mkDirty(Leaves.make(c, physAddr, protection, Level.PTE), Level.PTE);
        try (PhysicalMemory memory = PhysicalMemory.ofSize(1 << 18)) {
          HashedPageTable table = table(c, memory);
          HashSegment segment = mmu(c).segment(9, va);
          table.insert(segment, va, raw, Level.PTE, c.geometry().pageShift());
          HashWalk walk = table.walk(List.of(segment), va);
          if (!(walk instanceof HashWalk.Mapped mapped)) {
            c.checkVa(false, va, "found", "not found");
            return;
          }
          c.checkVa(mapped.physAddr() == f.physAddr(raw, Level.PTE), va, "its frame", mapped);
          c.checkVa(mapped.sizeBytes() == c.geometry().pageBytes(), va, "its size", mapped);
          int allowed = f.rights(raw, Level.PTE) | (Rights.user(mapped.rights()) ? Rights.READ : 0);
          c.checkVa((mapped.rights() & ~allowed) == 0, va, "no right more", walk);
          c.checkVa(
              Rights.write(mapped.rights()) == f.write(raw, Level.PTE),
              va,
              "its write right",
              walk);
        }
      }
    }
  }

  @Clause(
      id = "HASH-02",
      text =
          "A writable leaf that is clean is hashed read-only and unchanged, so that the first write"
              + " is seen",
      source = "kernel: htab_convert_pte_flags, R always and C with dirty only",
      check = "encode: rights and the C bit of a clean leaf",
      requires = MmuFeature.HASHED)
  static void cleanIsNotWritable(ClauseContext c) {
    PteFormat f = c.format();
    long va = 0x10000000L;
    HashSegment segment = mmu(c).segment(9, va);
    long clean = f.mkClean(Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE), Level.PTE);
    HashEntry one = mmu(c).encode(segment, va, clean, Level.PTE, c.geometry().pageShift(), 0);
    c.check(!Rights.write(mmu(c).rights(one, segment)), Level.PTE, clean, "read-only", one);
    c.check((one.data() & 0x180) == 0x100, Level.PTE, clean, "R without C", one);
    long dirty = f.mkDirty(clean, Level.PTE);
    HashEntry two = mmu(c).encode(segment, va, dirty, Level.PTE, c.geometry().pageShift(), 0);
    c.check(Rights.write(mmu(c).rights(two, segment)), Level.PTE, dirty, "writable", two);
    c.check((two.data() & 0x180) == 0x180, Level.PTE, dirty, "R and C", two);
  }

  @Clause(
      id = "HASH-03",
      text = "Golden leaves become the entries that the manual says, in both groups",
      source = MANUAL + "; kernel: hpte_encode_avpn, hpte_encode_r",
      check = "encode: where AVPN, B, L, LP and the rights go",
      requires = MmuFeature.HASHED)
  static void goldenEntries(ClauseContext c) {
    for (List<String> row : golden(c, "-entries", 9)) {
      HashSegment segment =
          new HashSegment(
              GoldenFile.number(row.get(3)) & -1L << number(row, 2),
              (int) number(row, 2),
              number(row, 1),
              c.geometry().pageShift(),
              0xc00);
      long va = number(row, 3);
      long raw = number(row, 4);
      int which = (int) number(row, 5);
      HashEntry entry = mmu(c).encode(segment, va, raw, Level.PTE, c.geometry().pageShift(), which);
      c.same(number(row, 6), entry.tag(), Level.PTE, raw, "tag");
      c.same(number(row, 7), entry.data(), Level.PTE, raw, "data");
      c.same(number(row, 8), mmu(c).hash(segment, va, which) & GROUPS - 1, Level.PTE, raw, "group");
    }
  }

  @Clause(
      id = "HASH-04",
      text =
          "Where the primary group is full the secondary takes it, then another must make way; each"
              + " is found",
      source = MANUAL + " (the complement of the primary hash); kernel: hash_page, hpte_remove",
      check = "hash of the secondary group, and the entry's mark for it",
      requires = MmuFeature.HASHED)
  static void groupsOverflow(ClauseContext c) {
    long raw = Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE);
    int shift = c.geometry().pageShift();
    HashMmu mmu = mmu(c);
    HashSegment segment = mmu.segment(9, 0);
    try (PhysicalMemory memory = PhysicalMemory.ofSize(1 << 18)) {
      HashedPageTable table = table(c, memory);
      Set<Long> places = new HashSet<>();
      // Two segments whose VSIDs differ above the group's bits share every group.
      for (int i = 0; i < 2 * mmu.groupEntries() + 1; i++) {
        HashSegment alike = new HashSegment(0, 28, segment.vsid() ^ (long) i << 20, shift, 0xc00);
        HashedPageTable.Inserted done = table.insert(alike, 0, raw, Level.PTE, shift);
        HashSlot slot = done.slot();
        Optional<HashSlot> found = table.find(alike, 0);
        c.check(found.isPresent(), "entry " + i + " found", "not found");
        if (i < 2 * mmu.groupEntries()) {
          c.check(slot.which() == i / mmu.groupEntries(), "group " + i / 8, slot.which());
          c.check(places.add(slot.index()), "a place of its own", slot.index());
          long group = mmu.hash(alike, 0, 0) & GROUPS - 1;
          long expected = slot.which() == 0 ? group : GROUPS - 1 - group;
          c.check(slot.index() / mmu.groupEntries() == expected, "group " + expected, slot.index());
        } else {
          c.check(done.evicted().isPresent(), "one evicted", "none");
        }
      }
    }
  }

  @Clause(
      id = "HASH-05",
      text =
          "What is noted of a place leaves the leaf as it was, and an emptied entry that still"
              + " notes it is none",
      source = "kernel: _PAGE_HPTEFLAGS in pte_same and pte_none, pte_set_hidx",
      check = "withSlot, slot, withoutSlot; none in the format",
      requires = MmuFeature.HASHED)
  static void placesAreNoted(ClauseContext c) {
    PteFormat f = c.format();
    for (Protection protection : Samples.ACCESSIBLE) {
      long raw = Leaves.make(c, Samples.physAddr(c, Level.PTE), protection, Level.PTE);
      for (int slot = 0; slot < 2 * mmu(c).groupEntries() - 1; slot++) {
        long noted = mmu(c).withSlot(raw, slot);
        long word = mmu(c).slotWordBytes() == 0 ? 0 : mmu(c).slotWord(slot);
        c.check(
            mmu(c).slot(noted, word).equals(OptionalInt.of(slot)),
            Level.PTE,
            noted,
            "slot " + slot,
            mmu(c).slot(noted, word));
        c.same(
            f.physAddr(raw, Level.PTE), f.physAddr(noted, Level.PTE), Level.PTE, noted, "address");
        c.same(f.rights(raw, Level.PTE), f.rights(noted, Level.PTE), Level.PTE, noted, "rights");
        c.same(
            /* expected= */ raw,
            mmu(c).withoutSlot(noted),
            Level.PTE,
            /* raw= */ noted,
            "the leaf");
        long marks = noted ^ raw;
        c.check(f.none(marks, Level.PTE), Level.PTE, marks, "none", "not none");
      }
    }
  }

  @Clause(
      id = "HASH-06",
      text = "Only its own segment's addresses find an entry, and none after it was taken out",
      source = MANUAL + "; R1: TLB and hash entries are keyed by VSID",
      check = "matches: all of AVPN and B",
      requires = MmuFeature.HASHED)
  static void othersDoNotFind(ClauseContext c) {
    long raw = Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE);
    int shift = c.geometry().pageShift();
    try (PhysicalMemory memory = PhysicalMemory.ofSize(1 << 18)) {
      HashedPageTable table = table(c, memory);
      for (long va : Samples.pages(c, 4)) {
        HashSegment segment = mmu(c).segment(9, va);
        table.insert(segment, va, raw, Level.PTE, shift);
        HashSegment above =
            new HashSegment(
                segment.firstVa(), segment.shift(), segment.vsid() ^ 1L << 20, shift, 0);
        c.checkVa(table.find(above, va).isEmpty(), va, "not found by another VSID", "found");
        c.checkVa(table.find(segment, va ^ 1L << 27).isEmpty(), va, "not found elsewhere", "found");
        c.checkVa(table.remove(segment, va), va, "taken out", "not found");
        c.checkVa(table.find(segment, va).isEmpty(), va, "gone", "found");
        c.checkVa(!table.protect(segment, va, raw, Level.PTE, shift), va, "gone", "protected");
      }
    }
  }

  @Clause(
      id = "HASH-07",
      text = "Without a hash table there is no word of one",
      source = "SPI: SegmentMap.hashMmu",
      check = "the feature HASHED and the segment map: both or neither",
      absent = MmuFeature.HASHED)
  static void noHashTable(ClauseContext c) {
    c.check(c.variant().segmentMap().hashMmu().isEmpty(), "no HashMmu", "one");
  }

  private static HashMmu mmu(ClauseContext c) {
    return c.variant()
        .segmentMap()
        .hashMmu()
        .orElseThrow(() -> c.failure("", "a HashMmu where HASHED is declared", "none"));
  }

  private static HashedPageTable table(ClauseContext c, PhysicalMemory memory) {
    return HashedPageTable.over(memory, new HashMmu.Table(mmu(c), 0, GROUPS));
  }

  private static long number(List<String> row, int column) {
    return GoldenFile.number(row.get(column));
  }

  private static List<List<String>> golden(ClauseContext c, String what, int columns) {
    String name = GoldenRows.port(c.variant()) + what;
    List<List<String>> rows =
        GoldenFile.read(name, columns).rows().stream()
            .filter(row -> row.getFirst().equals(c.variant().id()))
            .toList();
    if (rows.isEmpty()) {
      throw c.notApplicable("no rows in org/mmport/conformance/golden/" + name + ".tsv");
    }
    return rows;
  }
}
