package org.mmport.conformance;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.HashSlot;
import org.mmport.pgtable.HashedPageTable;
import org.mmport.pgtable.HashedTree;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashSegment;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/** HASH 10 to 12: how leaves and the hash table are kept in step. */
@RestsOn({"FMT-20", "FMT-21"})
final class HashFaultClauses {
  private static final long TREE = 1 << 18;
  private static final int LEAVES = 20;

  private HashFaultClauses() {}

  /** A hash table, and behind it a table of leaves with room for what is noted of them. */
  private record Bench(ClauseContext c, PhysicalMemory memory, HashedPageTable table) {
    static Bench of(ClauseContext c, PhysicalMemory memory) {
      return new Bench(c, memory, HashClauses.table(c, memory));
    }

    HashedTree tree() {
      return new HashedTree(memory, c.variant(), table);
    }

    HashedTree.Leaf leaf(HashSegment segment, long va, int index) {
      int shift = c.geometry().pageShift();
      return new HashedTree.Leaf(segment, va, TREE + 8L * index, Level.PTE, shift);
    }

    long load(long physAddr) {
      return memory.slice(physAddr, Long.BYTES).get(layout(), 0);
    }

    void store(HashedTree.Leaf at, long raw) {
      memory.slice(at.entryAddr(), Long.BYTES).set(layout(), 0, raw);
    }

    private ValueLayout.OfLong layout() {
      return ValueLayout.JAVA_LONG_UNALIGNED.withOrder(c.geometry().byteOrder());
    }

    /** Where a leaf says that it is hashed. */
    OptionalInt noted(HashedTree.Leaf at) {
      HashMmu mmu = HashClauses.mmu(c);
      int behind = mmu.slotWordBytes(Level.PTE);
      return mmu.slot(load(at.entryAddr()), behind == 0 ? 0 : load(at.entryAddr() + behind));
    }

    /** How many entries of the whole table translate each leaf, all counted in one visit. */
    long[] entriesOf(List<HashedTree.Leaf> leaves) {
      long[] counts = new long[leaves.size()];
      HashMmu mmu = HashClauses.mmu(c);
      table.visit(
          slot -> {
            for (int i = 0; i < counts.length; i++) {
              HashedTree.Leaf at = leaves.get(i);
              counts[i] += mmu.matches(slot.entry(), at.segment(), at.va(), slot.which()) ? 1 : 0;
            }
          });
      return counts;
    }
  }

  @RestsOn({"HASH-05", "HASH-06"})
  @Clause(
      id = "HASH-10",
      text =
          "A hash fault lets through what the leaf permits and nothing else; the leaf becomes young,"
              + " and dirty with the first write, which faults",
      source = "kernel: __hash_page_4K, __hash_page_64K, check_pte_access, hpte_updatepp",
      check = "encode, rights and withProtection; rights of the leaf",
      requires = MmuFeature.HASHED)
  static void faultsLetThroughWhatIsPermitted(ClauseContext c) {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(1 << 19)) {
      Bench bench = Bench.of(c, memory);
      for (Protection protection : Samples.ALL) {
        for (long va : Samples.pages(c, 1)) {
          if (va < 0 == (protection.owner() == TableOwner.KERNEL)) {
            for (int right = Rights.KERNEL_READ; right <= Rights.USER_EXEC; right <<= 1) {
              fault(bench, protection, va, right);
            }
          }
        }
      }
    }
  }

  private static void fault(Bench bench, Protection protection, long va, int right) {
    ClauseContext c = bench.c();
    PteFormat f = c.format();
    long physAddr = Samples.physAddr(c, Level.PTE) & (1L << 50) - 1;
    long fresh = Leaves.make(c, physAddr, protection, Level.PTE);
    long raw = f.mkOld(f.mkClean(fresh, Level.PTE), Level.PTE);
    HashedTree.Leaf at = bench.leaf(HashClauses.mmu(c).segment(9, va), va, 0);
    bench.store(at, raw);
    int rights = f.valid(raw, Level.PTE) ? f.rights(raw, Level.PTE) : 0;
    boolean permitted = (rights & right) != 0;
    boolean done = bench.tree().fault(at, right);
    String what = GoldenRows.letters(right) + " for " + protection;
    c.checkVa(done == permitted, va, permitted + " for " + what, done);
    if (!permitted) {
      c.same(raw, bench.load(at.entryAddr()), Level.PTE, raw, "the leaf refused");
      c.checkVa(bench.table().find(at.segment(), va).isEmpty(), va, "nothing hashed", "found");
      return;
    }
    afterFault(bench, at, right, what);
    if ((rights & Rights.WRITE) != 0 && (right & Rights.WRITE) == 0) {
      int write = rights & Rights.WRITE & -(rights & Rights.WRITE);
      c.checkVa(bench.tree().fault(at, write), va, "true for the first write", "false");
      afterFault(bench, at, write, "the first write to " + protection);
      int after = rights(bench, at);
      int allowed = rights | (Rights.user(after) ? Rights.READ : 0);
      c.checkVa(
          (after & ~allowed & ~Rights.KERNEL_WRITE) == 0, va, "no right more", letters(after));
    }
    bench.tree().replace(at, f.empty(Level.PTE));
  }

  private static void afterFault(Bench bench, HashedTree.Leaf at, int access, String what) {
    ClauseContext c = bench.c();
    PteFormat f = c.format();
    boolean write = (access & Rights.WRITE) != 0;
    long leaf = bench.load(at.entryAddr());
    c.check(f.young(leaf, Level.PTE), Level.PTE, leaf, "young after " + what, "old");
    c.check(f.dirty(leaf, Level.PTE) == write, Level.PTE, leaf, "dirty=" + write, !write);
    int hashed = rights(bench, at);
    c.checkVa((hashed & access) == access, at.va(), what + " goes through", letters(hashed));
    boolean writable = (hashed & Rights.USER_WRITE) != 0;
    c.checkVa(write || !writable, at.va(), "the first write faults", letters(hashed));
    HashSlot slot = bench.table().find(at.segment(), at.va()).orElseThrow();
    long found = HashClauses.mmu(c).physAddr(slot.entry(), at.shift());
    c.same(f.physAddr(leaf, Level.PTE), found, Level.PTE, leaf, "frame");
  }

  private static int rights(Bench bench, HashedTree.Leaf at) {
    Optional<HashSlot> slot = bench.table().find(at.segment(), at.va());
    bench.c().checkVa(slot.isPresent(), at.va(), "hashed", "not found");
    return HashClauses.mmu(bench.c()).rights(slot.orElseThrow().entry(), at.segment());
  }

  private static String letters(int rights) {
    return GoldenRows.letters(rights);
  }

  @RestsOn({"HASH-05", "HASH-06"})
  @Clause(
      id = "HASH-11",
      text =
          "A leaf whose entry made way for another is hashed anew, never twice, and notes where it is"
              + " now",
      source = "kernel: hpte_remove, hpte_updatepp of an entry that is not there",
      check = "matches; withSlot where another place was noted; slotWord",
      requires = MmuFeature.HASHED)
  static void evictedIsHashedAnew(ClauseContext c) {
    try (PhysicalMemory memory = PhysicalMemory.ofSize(1 << 19)) {
      Bench bench = Bench.of(c, memory);
      List<HashedTree.Leaf> leaves = crowd(bench);
      for (int round = 0; round < 3; round++) {
        for (HashedTree.Leaf at : leaves) {
          c.check(bench.tree().fault(at, Rights.USER_READ), "hashed", "refused");
          HashSlot slot =
              bench
                  .table()
                  .find(at.segment(), at.va())
                  .orElseThrow(() -> c.failure("", "found after its fault", "not found"));
          long entries = bench.entriesOf(List.of(at))[0];
          c.check(entries == 1, Level.PTE, bench.load(at.entryAddr()), "one entry", entries);
          OptionalInt place = bench.noted(at);
          long groupEntries = HashClauses.mmu(c).groupEntries();
          long expected = slot.which() * groupEntries + slot.index() % groupEntries;
          c.check(
              place.isPresent() && place.getAsInt() == expected,
              Level.PTE,
              bench.load(at.entryAddr()),
              "slot " + expected,
              place);
        }
      }
    }
  }

  @Clause(
      id = "HASH-12",
      text =
          "A leaf that changes takes its entry with it and no one else's, and the new one notes no place",
      source = "kernel: pte_update, flush_hash_page, hpte_invalidate; set_pte_at in 2006",
      check = "matches, withoutSlot",
      requires = MmuFeature.HASHED)
  static void changedLeavesTakeTheirEntries(ClauseContext c) {
    PteFormat f = c.format();
    try (PhysicalMemory memory = PhysicalMemory.ofSize(1 << 19)) {
      Bench bench = Bench.of(c, memory);
      List<HashedTree.Leaf> leaves = crowd(bench);
      leaves.forEach(at -> bench.tree().fault(at, Rights.USER_READ));
      for (HashedTree.Leaf at : leaves) {
        long[] before = bench.entriesOf(leaves);
        long raw = bench.load(at.entryAddr());
        long changed = f.wrProtect(raw, Level.PTE);
        bench.tree().replace(at, changed);
        long now = bench.load(at.entryAddr());
        c.check(bench.noted(at).isEmpty(), Level.PTE, now, "no place noted", bench.noted(at));
        c.same(f.physAddr(raw, Level.PTE), f.physAddr(now, Level.PTE), Level.PTE, now, "address");
        long[] after = bench.entriesOf(leaves);
        for (int i = 0; i < LEAVES; i++) {
          long expected = leaves.get(i).equals(at) ? 0 : before[i];
          c.check(
              after[i] == expected, Level.PTE, raw, expected + " entries of leaf " + i, after[i]);
        }
      }
    }
  }

  /** More leaves than two groups hold, all in the same two. */
  private static List<HashedTree.Leaf> crowd(Bench bench) {
    ClauseContext c = bench.c();
    HashSegment segment = HashClauses.mmu(c).segment(9, 0);
    List<HashedTree.Leaf> leaves = new ArrayList<>();
    for (int i = 0; i < LEAVES; i++) {
      // VSIDs that differ above the group's bits share every group.
      long vsid = segment.vsid() ^ (long) i << 20;
      HashSegment alike = new HashSegment(0, 28, vsid, segment.pageShift(), segment.flags());
      HashedTree.Leaf at = bench.leaf(alike, 0, i);
      bench.store(at, Leaves.make(c, 0, Protection.PAGE_SHARED, Level.PTE));
      leaves.add(at);
    }
    return leaves;
  }
}
