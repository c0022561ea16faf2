package org.mmport.conformance;

import java.util.List;
import java.util.function.LongUnaryOperator;
import org.mmport.cpu.Access;
import org.mmport.cpu.AccessResult;
import org.mmport.cpu.FaultKind;
import org.mmport.cpu.StaleTranslationException;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;

/** TLB 01 to 19: what CPUs make of tables, what they keep of it, and what they leave in it. */
@RestsOn({
  "GEO-15", "FMT-20", "FMT-21", "FMT-63", "FMT-83", "FMT-84", "FMT-91", "FMT-92", "FMT-93",
  "SEG-01", "SEG-02", "HASH-01", "HASH-02", "HASH-03", "HASH-05", "HASH-10", "WALK-01", "MAP-01",
  "MAP-02", "MAP-04"
})
final class TlbClauses {
  private TlbClauses() {}

  @Clause(
      id = "TLB-01",
      text =
          "Every access ends as the tables say, first by a walk and then from the TLB: leaves of all sizes and protections",
      source = "design 4: CPUs; requirement: every byte that a CPU loads is what the model says",
      check = "TreeMmu.descend, HashedMmu.walk; rights that the TLB keeps")
  static void accessesEndAsTablesSay(ClauseContext c) {
    for (Level level : TlbRig.levels(c)) {
      long span = Samples.spanBytes(c.geometry(), level);
      for (Protection protection : TlbRig.protections(c)) {
        TlbRig rig = new TlbRig(c, 1);
        long va = rig.va(level);
        rig.given(0, va, span, protection, level);
        long at = va + (c.random().nextLong() & (span - 1));
        for (String when : List.of("at first", "again")) {
          for (Access access : rig.accesses()) {
            rig.judge(0, 0, at, access, when);
          }
        }
      }
    }
  }

  @Clause(
      id = "TLB-02",
      text =
          "An address that no root translates faults as that, and one with nothing as not present",
      source = "bug class 10; Intel SDM volume 3A, 4.7",
      check = "Mmu.rootOf")
  static void faultsOfAddresses(ClauseContext c) {
    TlbRig rig = new TlbRig(c, 1);
    for (long va : Samples.nonCanonical(c)) {
      rig.faults(0, va, Access.USER_READ, FaultKind.NON_CANONICAL, "there");
    }
    for (long va : Samples.pages(c, 2)) {
      rig.faults(0, va, Access.USER_READ, FaultKind.NOT_PRESENT, "in empty tables");
    }
  }

  @Clause(
      id = "TLB-03",
      text = "A leaf of any size is cached as one: after one access all of it is there",
      source = "kernel-facts 1: leaf sizes; Intel SDM volume 3A, 4.10.2.2",
      check = "the size that Tlb.put is given")
  static void leavesAreCachedWhole(ClauseContext c) {
    for (Level level : TlbRig.levels(c)) {
      TlbRig rig = new TlbRig(c, 1);
      long span = Samples.spanBytes(c.geometry(), level);
      long va = rig.va(level);
      rig.given(0, va, span, Protection.PAGE_READONLY, level);
      long misses =
          rig.missesOf(
              () -> {
                for (long offset : new long[] {0, span / 2, span - 1}) {
                  long physAddr = rig.data(va, level) + offset;
                  rig.reaches(0, va + offset, Access.USER_READ, physAddr, "in a " + level);
                }
              });
      c.checkVa(misses == 1, va, "one miss for a " + level + " leaf", misses);
    }
  }

  @RestsOn("CONT-01")
  @Clause(
      id = "TLB-04",
      text = "A contiguous run is one translation",
      source = "Arm ARM, D8.6.1; kernel-facts 4",
      check = "BatchOps.inRun and runEntries; where the run begins",
      requires = MmuFeature.CONT_PTE)
  static void runsAreOneTranslation(ClauseContext c) {
    for (Level level : c.leafLevels()) {
      int members = c.variant().batchOps().runEntries(level);
      long span = Samples.spanBytes(c.geometry(), level);
      long run = members * span;
      var region = c.geometry().vaLayout().regions().getFirst();
      if (members == 1 || !region.contains(run * 2)) {
        continue;
      }
      TlbRig rig = new TlbRig(c, 1);
      long physAddr = Math.max(run, 1L << 30);
      rig.given(0, run, physAddr, run, Protection.PAGE_READONLY, level);
      long first = run + span * c.random().nextInt(members);
      rig.reaches(0, first, Access.USER_READ, physAddr + (first - run), "in a run");
      long misses =
          rig.missesOf(
              () -> {
                for (long va = run; va < 2 * run; va += span) {
                  rig.reaches(0, va, Access.USER_READ, physAddr + (va - run), "in a run");
                }
              });
      c.check(misses == 0, level, "no further miss in a run of " + members, misses);
      int cached = rig.cpus().cpu(0).cachedTranslations();
      c.check(cached == 1, level, "one translation", cached);
    }
  }

  @Clause(
      id = "TLB-05",
      text =
          "What is not present is never cached: mapped beside others, it is there without a flush",
      source = "Intel SDM volume 3A, 4.10.2.3; kernel: no flush from none to present",
      check = "what is cached of faults")
  static void absenceIsNotCached(ClauseContext c) {
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 1);
    long va = rig.va(Level.PTE);
    rig.given(0, va, page, Protection.PAGE_READONLY, Level.PTE);
    rig.judge(0, 0, va, Access.USER_READ, "at first");
    rig.faults(0, va + page, Access.USER_READ, FaultKind.NOT_PRESENT, "while not mapped");
    long physAddr = rig.data(va + page, Level.PTE);
    rig.changeUnflushed(
        0, g -> rig.table(0).map(va + page, physAddr, page, Protection.PAGE_READONLY, g));
    rig.reaches(0, va + page, Access.USER_READ, physAddr, "once mapped");
  }

  @Clause(
      id = "TLB-06",
      text =
          "Raising rights causes no fault, flushed or not: the tables are looked at again before",
      source =
          "Intel SDM volume 3A, 4.10.4.1 (page faults invalidate); kernel: ptep_set_access_flags",
      check = "Cpu.missed")
  static void raisingRightsNeedsNoFlush(ClauseContext c) {
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 1);
    long va = rig.va(Level.PTE);
    rig.given(0, va, page, Protection.PAGE_READONLY, Level.PTE);
    rig.judge(0, 0, va, Access.USER_READ, "at first");
    rig.faults(0, va, Access.USER_WRITE, FaultKind.PERMISSION, "while it may not");
    rig.judge(0, 0, va, Access.USER_READ, "again");
    rig.changeUnflushed(0, g -> rig.table(0).protect(va, page, Protection.PAGE_SHARED, g));
    rig.judge(0, 0, va, Access.USER_WRITE, "once it may");
  }

  @Clause(
      id = "TLB-07",
      text =
          "A read leaves the marks of a read in every entry on the way, a write those of a write",
      source = "design 4: A and D set by hardware; Intel SDM volume 3A, 4.8; Arm ARM, D8.5",
      check = "TreeMmu.isMarked; touched and written",
      requires = MmuFeature.HW_ACCESSED)
  static void marksAreLeft(ClauseContext c) {
    PteFormat f = c.format();
    for (Level level : c.leafLevels()) {
      for (Access access : List.of(Access.USER_READ, Access.USER_WRITE)) {
        TlbRig rig = new TlbRig(c, 1);
        long va = rig.va(level);
        long span = Samples.spanBytes(c.geometry(), level);
        rig.given(0, va, span, Protection.PAGE_SHARED, level);
        store(c, rig, va, raw -> f.mkClean(f.mkOld(raw, level), level));
        for (ReferenceReader.Entry entry : rig.reader(0).path(va)) {
          if (entry.table()) {
            long old = entry.raw() & ~f.bits().youngTable();
            rig.machine().bytes().store(entry.entryAddr(), old);
          }
        }
        rig.load(0, 0);
        List<ReferenceReader.Entry> before = rig.reader(0).path(va);
        boolean permitted = rig.expected(0, va, access) >= 0;
        rig.judge(0, 0, va, access, "at first");
        List<ReferenceReader.Entry> after = rig.reader(0).path(va);
        for (int i = 0; i < before.size(); i++) {
          ReferenceReader.Entry entry = before.get(i);
          Level l = entry.level();
          boolean root = i == 0 && c.has(MmuFeature.ROOT_ENTRIES_CACHED);
          long marked = root ? entry.raw() : f.touched(entry.raw(), l);
          if (entry.leaf()) {
            boolean wrote = access.writes() && c.has(MmuFeature.HW_DIRTY);
            marked = !permitted ? entry.raw() : wrote ? f.written(marked, l) : marked;
          }
          c.same(marked, after.get(i).raw(), l, entry.raw(), "after " + access);
        }
      }
    }
  }

  @Clause(
      id = "TLB-08",
      text =
          "Where hardware does not mark leaves as accessed, an access to an old one faults as that",
      source = "kernel-facts 3.2: without HA the kernel takes AF faults",
      check = "TreeMmu.descend; HW_ACCESSED",
      absent = MmuFeature.HW_ACCESSED)
  static void oldLeavesFault(ClauseContext c) {
    if (c.has(MmuFeature.HASHED)) {
      throw c.notApplicable("software marks them when it hashes them: TLB-17");
    }
    PteFormat f = c.format();
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 1);
    long va = rig.va(Level.PTE);
    rig.given(0, va, page, Protection.PAGE_SHARED, Level.PTE);
    store(c, rig, va, raw -> f.mkOld(raw, Level.PTE));
    long raw = rig.reader(0).path(va).getLast().raw();
    rig.faults(0, va, Access.USER_READ, FaultKind.ACCESS_FLAG, "of an old leaf");
    c.same(raw, rig.reader(0).path(va).getLast().raw(), Level.PTE, raw, "unchanged");
    store(c, rig, va, old -> f.mkYoung(old, Level.PTE));
    rig.judge(0, 0, va, Access.USER_READ, "once young");
  }

  @Clause(
      id = "TLB-09",
      text =
          "The first write by what a read has cached marks the leaf; one that is gone by then is not brought back",
      source =
          "Intel SDM volume 3A, 4.8: locked updates; bug: dirty set in an entry already cleared",
      check = "Cpu.missed: clean translations grant no write; HardwareEntries.compareAndSet",
      requires = MmuFeature.HW_DIRTY)
  static void firstWriteMarks(ClauseContext c) {
    PteFormat f = c.format();
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 1);
    long va = rig.va(Level.PTE);
    rig.given(0, va, 2 * page, Protection.PAGE_SHARED, Level.PTE);
    for (long at : new long[] {va, va + page}) {
      store(c, rig, at, raw -> f.mkClean(raw, Level.PTE));
      rig.judge(0, 0, at, Access.USER_READ, "at first");
      long raw = rig.reader(0).path(at).getLast().raw();
      c.check(!f.dirty(raw, Level.PTE), Level.PTE, raw, "clean after a read", "dirty");
    }
    rig.judge(0, 0, va, Access.USER_WRITE, "after a read");
    long written = rig.reader(0).path(va).getLast().raw();
    c.check(f.dirty(written, Level.PTE), Level.PTE, written, "dirty after a write", "clean");
    long misses = rig.missesOf(() -> rig.judge(0, 0, va, Access.USER_WRITE, "again"));
    c.checkVa(misses == 0, va, "the second write from the TLB", misses);
    rig.changeUnflushed(0, g -> rig.table(0).unmap(va + page, page, g));
    rig.faults(0, va + page, Access.USER_WRITE, FaultKind.NOT_PRESENT, "through a clean one");
    long gone = rig.reader(0).path(va + page).getLast().raw();
    c.check(f.none(gone, Level.PTE), Level.PTE, gone, "still nothing", "an entry");
  }

  @Clause(
      id = "TLB-10",
      text = "What is cached is used until it is flushed, in rights as in place",
      source = "issue: flushes only do what was asked; a stale entry stays and is used",
      check = "Tlb.find")
  static void staleStaysInUse(ClauseContext c) {
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 1);
    long va = rig.va(Level.PTE);
    rig.given(0, va, 2 * page, Protection.PAGE_SHARED, Level.PTE);
    Access strongest =
        rig.expected(0, va, Access.USER_WRITE) >= 0 ? Access.USER_WRITE : Access.USER_READ;
    rig.judge(0, 0, va, strongest, "at first");
    rig.judge(0, 0, va + page, Access.USER_READ, "at first");
    long first = rig.data(va, Level.PTE);
    rig.changeUnflushed(0, g -> rig.table(0).protect(va, page, Protection.PAGE_READONLY, g));
    rig.reaches(0, va, strongest, first, "not flushed");
    rig.changeUnflushed(0, g -> rig.table(0).unmap(va + page, page, g));
    rig.reaches(0, va + page, Access.USER_READ, first + page, "not flushed");
    if (!c.has(MmuFeature.HASHED)) {
      // The other CPU has nothing cached; but a hash table is everybody's.
      rig.judge(1, 0, va, Access.USER_WRITE, "with nothing cached");
      rig.judge(1, 0, va + page, Access.USER_READ, "with nothing cached");
    }
  }

  @Clause(
      id = "TLB-11",
      text = "Address spaces do not see what is cached for others, at the same address or not",
      source =
          "ASIDs, PCIDs, PIDs, segments; without them: a load of the root drops what is cached",
      check = "the owner that Tlb.put is given; TreeMmu.load")
  static void addressSpacesAreApart(ClauseContext c) {
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 3);
    long va = rig.va(Level.PTE);
    for (int space = 0; space < 2; space++) {
      long physAddr = rig.data(va, Level.PTE) + (space << 4) * page;
      rig.given(space, va, physAddr, page, Protection.PAGE_READONLY, Level.PTE);
    }
    for (int round = 0; round < 2; round++) {
      for (int space = 0; space < 3; space++) {
        rig.load(0, space);
        rig.judge(0, space, va, Access.USER_READ, "of address space " + space);
      }
    }
    boolean kept = c.has(MmuFeature.ASID) || c.has(MmuFeature.SEGMENTS);
    rig.load(0, 0);
    long misses = rig.missesOf(() -> rig.judge(0, 0, va, Access.USER_READ, "back again"));
    c.checkVa(misses == (kept ? 0 : 1), va, kept ? "still cached" : "dropped", misses + " misses");
  }

  @RestsOn({"FMT-38", "FLUSH-31"})
  @Clause(
      id = "TLB-12",
      text = "What is global is there for every address space, and survives their change",
      source = "Intel SDM volume 3A, 4.10.2.4; kernel mappings",
      check = "Tlb.GLOBAL; TreeMmu.load",
      requires = MmuFeature.GLOBAL_PAGES)
  static void globalSurvivesSwitches(ClauseContext c) {
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 2);
    long va = rig.va(Level.PTE);
    rig.given(0, va, page, Protection.PAGE_KERNEL, Level.PTE);
    rig.judge(0, 0, va, Access.KERNEL_READ, "at first");
    rig.load(0, 1);
    long physAddr = rig.data(va, Level.PTE);
    long misses = rig.missesOf(() -> rig.reaches(0, va, Access.KERNEL_READ, physAddr, "elsewhere"));
    c.checkVa(misses == 0, va, "from the TLB", misses + " misses");
  }

  @Clause(
      id = "TLB-13",
      text =
          "An access by what is cached of a frame that was freed is found out, also where the frame serves another by then",
      source = "issue: a detector of stale entries; bug class 13: frames freed before the flush",
      check = "FreeListener; Tlb.markFreed")
  static void freedFramesAreFoundOut(ClauseContext c) {
    long page = c.geometry().pageBytes();
    for (boolean again : new boolean[] {false, true}) {
      TlbRig rig = new TlbRig(c, 1);
      long va = rig.va(Level.PTE);
      long frame = rig.machine().frames().alloc(0, 0);
      rig.given(0, va, frame, page, Protection.PAGE_READONLY, Level.PTE);
      rig.judge(0, 0, va, Access.USER_READ, "at first");
      rig.changeUnflushed(0, g -> rig.table(0).unmap(va, page, g));
      rig.machine().frames().free(frame, 0);
      if (again) {
        rig.machine().frames().alloc(0, 0);
      }
      foundOut(c, rig, 0, va, frame);
      if (c.has(MmuFeature.HASHED)) {
        // The other CPU has nothing cached, but finds it in the hash table.
        foundOut(c, rig, 1, va, frame);
      }
    }
  }

  @Clause(
      id = "TLB-14",
      text = "A walk by a cached pointer to a table that was freed is found out",
      source =
          "issue: a detector of stale entries; sharing and relocation must survive stale walks",
      check = "FreeListener for tables, smaller than frames too; WalkCache.markFreed",
      absent = MmuFeature.HASHED)
  static void freedTablesAreFoundOut(ClauseContext c) {
    c.tableLevels();
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 1);
    long va = rig.va(Level.PTE);
    rig.given(0, va, 2 * page, Protection.PAGE_READONLY, Level.PTE);
    rig.judge(0, 0, va, Access.USER_READ, "at first");
    rig.changeUnflushed(0, g -> rig.table(0).unmap(va, 2 * page, g));
    foundOut(c, rig, 0, va + page, -1);
  }

  private static void foundOut(ClauseContext c, TlbRig rig, int cpu, long va, long physAddr) {
    try {
      AccessResult result = rig.cpu(cpu).access(va, Access.USER_READ);
      throw c.failure(" va=" + ClauseContext.hex(va), "StaleTranslationException", result);
    } catch (StaleTranslationException e) {
      boolean right =
          e.va() == va
              && e.cpu() == cpu
              && e.context() == rig.context(0).id()
              && (physAddr < 0 || e.physAddr() == physAddr);
      c.checkVa(right, va, "CPU, address space and address named", String.valueOf(e.getMessage()));
    }
  }

  @Clause(
      id = "TLB-15",
      text = "When an address space is gone nothing of it is cached, and no CPU runs it",
      source = "issue: ASIDs; kernel: flush_tlb_mm at exit",
      check = "CpuSet.retire")
  static void retiredIsGone(ClauseContext c) {
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 2);
    long va = rig.va(Level.PTE);
    rig.given(0, va, page, Protection.PAGE_READONLY, Level.PTE);
    rig.given(1, va, page, Protection.PAGE_READONLY, Level.PTE);
    rig.load(1, 1);
    for (int cpu = 0; cpu < 2; cpu++) {
      rig.judge(cpu, cpu, va, Access.USER_READ, "at first");
    }
    rig.cpus().retire(rig.context(0));
    int left = rig.cpu(0).cachedTranslations();
    c.check(left == 0, "nothing cached", left);
    try {
      rig.cpu(0).translate(va, Access.USER_READ);
      throw c.failure("", "an access without an address space refused", "it was accepted");
    } catch (InvalidRequestException e) {
      c.check(e.getMessage() != null, "a reason", "none");
    }
    long misses = rig.missesOf(() -> rig.judge(1, 1, va, Access.USER_READ, "of the other"));
    c.check(misses == 0, "the other one's still cached", misses + " misses");
  }

  @Clause(
      id = "TLB-16",
      text = "A walk begins at what is cached of the tables above, and reads no more than it must",
      source = "Intel SDM volume 3A, 4.10.3; Arm ARM, D8.13.1 (walk caches)",
      check = "WalkCache; TreeMmu.walk",
      absent = MmuFeature.HASHED)
  static void walksAreShortened(ClauseContext c) {
    c.tableLevels();
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 1);
    long va = rig.va(Level.PTE);
    // Across the border of a run of any size, where there are runs.
    int far = Math.max(1, c.variant().batchOps().runEntries(Level.PTE));
    rig.given(0, va, page, Protection.PAGE_READONLY, Level.PTE);
    rig.given(0, va + far * page, page, Protection.PAGE_READONLY, Level.PTE);
    rig.judge(0, 0, va, Access.USER_READ, "at first");
    long before = rig.cpus().counts().entriesRead();
    rig.judge(0, 0, va + far * page, Access.USER_READ, "of a neighbour");
    long read = rig.cpus().counts().entriesRead() - before;
    boolean sameTable =
        Samples.index(c.geometry(), Level.PTE, va) + far
            < 1 << c.geometry().at(Level.PTE).indexBits();
    c.checkVa(!sameTable || read == 1, va, "one entry read", read);
  }

  @Clause(
      id = "TLB-17",
      text =
          "A hash fault fills the hash table and marks the leaf: young, and dirty at the first write; the next CPU finds it",
      source = "kernel: hash_page(); ADR 0014",
      check = "HashFaults.fault; HashedTree.fault",
      requires = MmuFeature.HASHED)
  static void hashFaultsFill(ClauseContext c) {
    PteFormat f = c.format();
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 1);
    long va = rig.va(Level.PTE);
    rig.given(0, va, page, Protection.PAGE_SHARED, Level.PTE);
    store(c, rig, va, raw -> f.mkClean(f.mkOld(raw, Level.PTE), Level.PTE));
    rig.judge(0, 0, va, Access.USER_READ, "at first");
    long read = rig.reader(0).path(va).getLast().raw();
    c.check(f.young(read, Level.PTE), Level.PTE, read, "young after a read", "old");
    c.check(!f.dirty(read, Level.PTE), Level.PTE, read, "clean after a read", "dirty");
    long faults = rig.cpus().counts().hashFaults();
    rig.judge(1, 0, va, Access.USER_READ, "by the other CPU");
    long more = rig.cpus().counts().hashFaults() - faults;
    c.checkVa(more == 0, va, "no further hash fault", more);
    rig.judge(0, 0, va, Access.USER_WRITE, "after a read");
    long written = rig.reader(0).path(va).getLast().raw();
    c.check(f.dirty(written, Level.PTE), Level.PTE, written, "dirty after a write", "clean");
  }

  /** Changes the leaf of an address behind the back of all. */
  static void store(ClauseContext c, TlbRig rig, long va, LongUnaryOperator change) {
    ReferenceReader.Entry leaf = rig.reader(0).path(va).getLast();
    c.checkVa(leaf.leaf(), va, "a leaf", ClauseContext.hex(leaf.raw()));
    rig.machine().bytes().store(leaf.entryAddr(), change.applyAsLong(leaf.raw()));
  }
}
