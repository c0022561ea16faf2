package org.mmport.conformance;

import java.util.HashSet;
import java.util.List;
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

/** HASH 01 to 09: entries of a hash table, and where they go. */
@RestsOn({"FMT-20", "FMT-21"})
final class HashClauses {
  private static final String MANUAL =
      "Power ISA 3.0B Book III, 5.7.8; kernel: book3s/64/mmu-hash.h";
  private static final long GROUPS = 1 << 11;

  private HashClauses() {}

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
          int hashed = mapped.rights();
          if (protection.owner() == TableOwner.KERNEL) {
            // Before PP had three bits, nothing could take the right to write from the kernel.
            c.checkVa(!Rights.user(hashed), va, "no right for the user", walk);
            hashed &= ~Rights.KERNEL_WRITE;
          }
          int allowed = f.rights(raw, Level.PTE) | (Rights.user(hashed) ? Rights.READ : 0);
          c.checkVa((hashed & ~allowed) == 0, va, "no right more", walk);
          if (protection.owner() == TableOwner.USER || f.write(raw, Level.PTE)) {
            c.checkVa(
                Rights.write(mapped.rights()) == f.write(raw, Level.PTE),
                va,
                "its write right",
                walk);
          }
        }
      }
    }
  }

  @Clause(
      id = "HASH-02",
      text =
          "A writable leaf that is clean is hashed read-only, so that the first write is seen; and"
              + " hardware finds R set, and C where it may write",
      source = "kernel: htab_convert_pte_flags: hardware must not update R and C",
      check = "encode: rights, R and C of a clean leaf and of a dirty one",
      requires = MmuFeature.HASHED)
  static void cleanIsNotWritable(ClauseContext c) {
    PteFormat f = c.format();
    HashMmu mmu = mmu(c);
    long va = 0x10000000L;
    HashSegment segment = mmu.segment(9, va);
    long clean = f.mkClean(Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE), Level.PTE);
    HashEntry one = mmu.encode(segment, va, clean, Level.PTE, c.geometry().pageShift(), 0);
    c.check(!Rights.write(mmu.rights(one, segment)), Level.PTE, clean, "read-only", one);
    c.check(mmu.young(one), Level.PTE, clean, "R", one);
    long dirty = f.mkDirty(clean, Level.PTE);
    HashEntry two = mmu.encode(segment, va, dirty, Level.PTE, c.geometry().pageShift(), 0);
    c.check(Rights.write(mmu.rights(two, segment)), Level.PTE, dirty, "writable", two);
    c.check(mmu.young(two) && mmu.dirty(two), Level.PTE, dirty, "R and C", two);
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
      check = "withSlot, slot, withoutSlot, slotWordBytes; none in the format",
      requires = MmuFeature.HASHED)
  static void placesAreNoted(ClauseContext c) {
    PteFormat f = c.format();
    for (Level level : c.leafLevels()) {
      int room = c.geometry().at(level).placement().sizeBytes();
      int behind = mmu(c).slotWordBytes(level);
      int needed = behind == 0 ? 0 : behind + c.geometry().tableBytes(level);
      boolean apart = behind == 0 || behind >= c.geometry().tableBytes(level);
      c.check(apart && needed <= room, level, "words behind entries, in " + room, behind);
    }
    for (Protection protection : Samples.ACCESSIBLE) {
      long raw = Leaves.make(c, Samples.physAddr(c, Level.PTE), protection, Level.PTE);
      for (int slot = 0; slot < 2 * mmu(c).groupEntries(); slot++) {
        long noted = mmu(c).withSlot(raw, slot);
        long word = mmu(c).slotWordBytes(Level.PTE) == 0 ? 0 : mmu(c).slotWord(slot);
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

  @Clause(
      id = "HASH-08",
      text = "Golden entries let through what the manual says, to the kernel and to the user",
      source =
          "Power ISA 3.0B Book III, storage protection; kernel: the PP_ values of book3s/64/mmu-hash.h",
      check = "rights: PP, N and G of the entry; Ks, Kp and N of the segment",
      requires = MmuFeature.HASHED)
  static void goldenRights(ClauseContext c) {
    for (List<String> row : golden(c, "-rights", 4)) {
      HashSegment segment = new HashSegment(0, 28, 1, c.geometry().pageShift(), number(row, 2));
      long data = number(row, 1);
      int found = mmu(c).rights(new HashEntry(1, data), segment);
      c.check(
          found == GoldenRows.rights(row.get(3)),
          Level.PTE,
          data,
          "rights %s with flags %s".formatted(row.get(3), row.get(2)),
          GoldenRows.letters(found));
    }
  }

  @Clause(
      id = "HASH-09",
      text = "Golden leaves note the place that they say, and that place is noted like this",
      source = "kernel: __rpte_to_hidx, pte_set_hidx, _PAGE_HASHPTE",
      check = "slot, withSlot and slotWord: which bits, in the leaf or in the word behind",
      requires = MmuFeature.HASHED)
  static void goldenPlaces(ClauseContext c) {
    for (List<String> row : golden(c, "-slots", 4)) {
      long raw = number(row, 1);
      long word = number(row, 2);
      OptionalInt found = mmu(c).slot(raw, word);
      String shown = found.isPresent() ? Integer.toString(found.getAsInt()) : "-";
      c.check(row.get(3).equals(shown), Level.PTE, raw, "slot " + row.get(3), shown);
      if (found.isPresent()) {
        long again = mmu(c).withSlot(mmu(c).withoutSlot(raw), found.getAsInt());
        c.same(/* expected= */ raw, again, Level.PTE, raw, "the leaf that notes it");
        if (mmu(c).slotWordBytes(Level.PTE) > 0) {
          c.same(word & 15, mmu(c).slotWord(found.getAsInt()), Level.PTE, raw, "the word behind");
        }
      }
    }
  }

  static HashMmu mmu(ClauseContext c) {
    return c.variant()
        .segmentMap()
        .hashMmu()
        .orElseThrow(() -> c.failure("", "a HashMmu where HASHED is declared", "none"));
  }

  static HashedPageTable table(ClauseContext c, PhysicalMemory memory) {
    return HashedPageTable.over(memory, new HashMmu.Table(mmu(c), 0, GROUPS));
  }

  static long number(List<String> row, int column) {
    return GoldenFile.number(row.get(column));
  }

  static List<List<String>> golden(ClauseContext c, String what, int columns) {
    String port = GoldenRows.port(c.variant());
    String name = port + what;
    List<List<String>> rows =
        GoldenFile.read(name, columns).rows().stream()
            .filter(row -> row.getFirst().equals(c.variant().id()) || row.getFirst().equals(port))
            .toList();
    if (rows.isEmpty()) {
      throw c.notApplicable("no rows in org/mmport/conformance/golden/" + name + ".tsv");
    }
    return rows;
  }
}
