package org.mmport.conformance;

import java.util.List;
import org.mmport.cpu.Access;
import org.mmport.cpu.CpuCounts;
import org.mmport.cpu.FaultKind;
import org.mmport.pgtable.FlushRequest;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.Rights;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.VaRegion;

/** TLB 20 to 39: what CPUs no longer use once a gather is paid, and what they still do. */
@RestsOn({
  "FMT-30", "FMT-31", "FMT-40", "FMT-55", "FLUSH-01", "FLUSH-02", "FLUSH-03", "FLUSH-04",
  "FLUSH-05", "FLUSH-06", "FLUSH-10", "FLUSH-11", "FLUSH-13", "FLUSH-14", "FLUSH-16", "FLUSH-20",
  "FLUSH-21", "FLUSH-22", "FLUSH-25", "SEG-01", "SEG-02", "TLB-01", "TLB-02"
})
final class TlbFlushClauses {
  private TlbFlushClauses() {}

  @Clause(
      id = "TLB-20",
      text = "Once its unmapping is flushed, no CPU reaches a page any more, however large",
      source = "requirement T23; kernel: flush_tlb_range after unmap",
      check = "CpuSet.flush: every CPU; Tlb.drop: every page of the range and of the leaf")
  static void unmappedIsGone(ClauseContext c) {
    for (Level level : TlbRig.levels(c)) {
      TlbRig rig = new TlbRig(c, 1);
      long span = Samples.spanBytes(c.geometry(), level);
      long va = rig.va(level);
      rig.givenAmongOthers(0, va, span, Protection.PAGE_READONLY, level);
      both(rig, va, Access.USER_READ, "at first");
      both(rig, va + span - 1, Access.USER_READ, "at first");
      rig.unmap(0, va, span);
      both(rig, va, Access.USER_READ, "after the unmapping");
      both(rig, va + span - 1, Access.USER_READ, "after the unmapping");
    }
  }

  @Clause(
      id = "TLB-21",
      text = "Once taking rights away is flushed, no CPU has them any more",
      source = "kernel: change_protection, flush_tlb_range",
      check = "CpuSet.flush; Tlb.drop")
  static void rightsTakenAreGone(ClauseContext c) {
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 1);
    long va = rig.va(Level.PTE);
    rig.given(0, va, 4 * page, Protection.PAGE_SHARED, Level.PTE);
    for (long at = va; at < va + 4 * page; at += page) {
      both(rig, at, Access.USER_WRITE, "at first");
    }
    rig.protect(0, va, 4 * page, Protection.PAGE_READONLY);
    for (long at = va; at < va + 4 * page; at += page) {
      both(rig, at, Access.USER_WRITE, "after the change");
      both(rig, at, Access.USER_READ, "after the change");
    }
  }

  @Clause(
      id = "TLB-22",
      text = "Once the unhooking of a table is flushed, no walk begins at it any more",
      source =
          "requirement T23; kernel: freed_tables of the gather; design 4: stale walks through an old table",
      check = "WalkCache.drop: the whole range, every level",
      absent = MmuFeature.HASHED)
  static void unhookedTablesAreGone(ClauseContext c) {
    c.tableLevels();
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 1);
    long va = rig.va(Level.PTE);
    for (int round = 0; round < 3; round++) {
      rig.map(0, va, 2 * page, Protection.PAGE_READONLY, Level.PTE);
      both(rig, va, Access.USER_READ, "in round " + round);
      rig.unmap(0, va, 2 * page);
      // Other memory takes the place of the tables that were there.
      long taken = rig.machine().frames().alloc(0, 0);
      rig.machine().memory().slice(taken, page).fill((byte) 0xff);
      both(rig, va + page, Access.USER_READ, "without tables");
    }
  }

  @RestsOn({"FMT-38", "FLUSH-31"})
  @Clause(
      id = "TLB-23",
      text = "What is global goes by a flush that names it, whatever address space runs",
      source = "Intel SDM volume 3A, 4.10.4.1: INVPCID type 2; arm64: vaae1",
      check = "FlushRequest.global; Tlb.ANYBODY",
      requires = MmuFeature.GLOBAL_PAGES)
  static void globalGoesWhenNamed(ClauseContext c) {
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 2);
    long va = rig.va(Level.PTE);
    rig.givenAmongOthers(0, va, page, Protection.PAGE_KERNEL, Level.PTE);
    both(rig, va, Access.KERNEL_READ, "at first");
    rig.load(1, 1);
    rig.unmap(0, va, page);
    rig.judge(0, 0, va, Access.KERNEL_READ, "after the unmapping");
    rig.judge(1, 1, va, Access.KERNEL_READ, "after the unmapping");
  }

  @Clause(
      id = "TLB-24",
      text = "A root entry that CPUs keep is taken up anew with the flush that its change owes",
      source = "Intel SDM volume 3A, 4.4.1; kernel: pud_populate of PAE",
      check = "Cpu.flush: reloadRoot; TreeMmu.reload",
      requires = MmuFeature.ROOT_ENTRIES_CACHED)
  static void rootsAreReloaded(ClauseContext c) {
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 1);
    long va = rig.va(Level.PTE);
    for (int round = 0; round < 3; round++) {
      rig.map(0, va, page, Protection.PAGE_READONLY, Level.PTE);
      both(rig, va, Access.USER_READ, "under a new root entry");
      rig.unmap(0, va, page);
      both(rig, va, Access.USER_READ, "without it");
    }
    rig.changeUnflushed(
        0, g -> rig.table(0).map(va, rig.data(va, Level.PTE), page, Protection.PAGE_READONLY, g));
    rig.faults(0, va, Access.USER_READ, FaultKind.NOT_PRESENT, "not reloaded yet");
  }

  @Clause(
      id = "TLB-25",
      text = "A flush of one page leaves its neighbours cached, and what other address spaces have",
      source = "issue: flushes only do what was asked",
      check = "Tlb.drop: first and last page; owner")
  static void neighboursStay(ClauseContext c) {
    long page = c.geometry().pageBytes();
    long run = Math.max(1, c.variant().batchOps().runEntries(Level.PTE));
    TlbRig rig = new TlbRig(c, 2);
    long va = rig.va(Level.PTE);
    long step = run * page;
    for (int i = 0; i < 3; i++) {
      rig.given(0, va + i * step, page, Protection.PAGE_READONLY, Level.PTE);
    }
    rig.given(1, va + step, page, Protection.PAGE_READONLY, Level.PTE);
    rig.load(1, 1);
    rig.judge(1, 1, va + step, Access.USER_READ, "at first");
    for (int i = 0; i < 3; i++) {
      rig.judge(0, 0, va + i * step, Access.USER_READ, "at first");
    }
    rig.unmap(0, va + step, page);
    long misses =
        rig.missesOf(
            () -> {
              rig.judge(0, 0, va, Access.USER_READ, "beside a flush");
              rig.judge(0, 0, va + 2 * step, Access.USER_READ, "beside a flush");
              rig.judge(1, 1, va + step, Access.USER_READ, "of the other address space");
            });
    c.checkVa(misses == 0, va, "no misses", misses);
  }

  @Clause(
      id = "TLB-26",
      text = "A flush of a leaf leaves what is cached of the tables above it",
      source = "issue: scope LEAF leaves the walk caches alone; arm64: TLBI VALE1",
      check = "TreeMmu.flush",
      absent = MmuFeature.HASHED)
  static void leafFlushesLeaveTables(ClauseContext c) {
    c.tableLevels();
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 1);
    long va = rig.va(Level.PTE);
    rig.given(0, va, 2 * page, Protection.PAGE_SHARED, Level.PTE);
    rig.judge(0, 0, va, Access.USER_READ, "at first");
    rig.unmap(0, va, page);
    rig.map(0, va, page, Protection.PAGE_READONLY, Level.PTE);
    CpuCounts before = rig.cpus().counts();
    rig.judge(0, 0, va, Access.USER_READ, "after the flush");
    CpuCounts after = rig.cpus().counts();
    long misses = after.tlbMisses() - before.tlbMisses();
    long read = after.entriesRead() - before.entriesRead();
    c.checkVa(misses == 1 && read == 1, va, "a miss that reads the leaf alone", after);
  }

  @Clause(
      id = "TLB-27",
      text =
          "Of an address space that a CPU does not run just then, nothing flushed is there when it runs it again",
      source = "kernel-facts 3.1: PCIDs, tlb_gen; bug: flush only of CPUs that run it",
      check = "Mmu.mayHold; CpuSet.flush")
  static void sleepingAddressSpacesAreFlushed(ClauseContext c) {
    long page = c.geometry().pageBytes();
    TlbRig rig = new TlbRig(c, 2);
    long va = rig.va(Level.PTE);
    rig.givenAmongOthers(0, va, page, Protection.PAGE_READONLY, Level.PTE);
    both(rig, va, Access.USER_READ, "at first");
    rig.load(0, 1);
    rig.load(1, 1);
    rig.unmap(0, va, page);
    rig.load(0, 0);
    rig.load(1, 0);
    both(rig, va, Access.USER_READ, "after the unmapping");
  }

  @Clause(
      id = "TLB-28",
      text = "Once a large leaf was split, every page of it is what the tables say",
      source = "bug class 8; Arm ARM, D8.16: break-before-make",
      check = "the range of the flush; Tlb.drop of larger pages that it touches")
  static void splitLeavesAreGone(ClauseContext c) {
    long page = c.geometry().pageBytes();
    for (Level level : c.hugeLevels()) {
      if (!TlbRig.levels(c).contains(level)
          || !c.geometry().at(c.geometry().nextReal(level)).leafAllowed()) {
        continue;
      }
      TlbRig rig = new TlbRig(c, 1);
      long span = Samples.spanBytes(c.geometry(), level);
      long va = rig.va(level);
      long last = va + span - page;
      rig.given(0, va, span, Protection.PAGE_SHARED, level);
      both(rig, va, Access.USER_WRITE, "at first");
      rig.protect(0, va + page, page, Protection.PAGE_READONLY);
      rig.unmap(0, last, page);
      for (long at : new long[] {va, va + page, va + 2 * page, last - page, last}) {
        both(rig, at, Access.USER_WRITE, "after the split");
        both(rig, at, Access.USER_READ, "after the split");
      }
    }
  }

  @RestsOn("CONT-12")
  @Clause(
      id = "TLB-29",
      text =
          "In a random program over three address spaces and two CPUs, every access after each gather ends as the tables say",
      source = "design 5: a reference model; requirement T23",
      check = "the program's last steps: another seed makes another")
  static void randomPrograms(ClauseContext c) {
    TlbRig rig = new TlbRig(c, 3);
    for (int step = 0; step < 150; step++) {
      int cpu = c.random().nextInt(2);
      if (c.random().nextInt(4) == 0) {
        rig.load(cpu, c.random().nextInt(3));
      }
      change(c, rig);
      for (int i = 0; i < 24; i++) {
        int by = c.random().nextInt(2);
        Access access = rig.accesses().get(c.random().nextInt(rig.accesses().size()));
        long va = randomPage(c) + c.random().nextLong(c.geometry().pageBytes());
        rig.judge(by, rig.running(by), va, access, "in step " + step);
      }
    }
  }

  private static void change(ClauseContext c, TlbRig rig) {
    long page = c.geometry().pageBytes();
    int space = c.random().nextInt(3);
    Protection protection =
        TlbRig.protections(c).get(c.random().nextInt(TlbRig.protections(c).size()));
    long va = randomPage(c);
    long sizeBytes = (1 + c.random().nextInt(8)) * page;
    if (!region(c, va).contains(va + sizeBytes - 1)) {
      return;
    }
    switch (c.random().nextInt(5)) {
      case 0 -> rig.unmap(space, va, sizeBytes);
      case 1, 2 -> rig.protect(space, va, sizeBytes, protection);
      default -> {
        Level level = TlbRig.randomLevel(c);
        long span = Samples.spanBytes(c.geometry(), level);
        long from = level == Level.PTE ? va : va & -span;
        long bytes = level == Level.PTE ? sizeBytes : span;
        if (region(c, from).contains(from + bytes - 1)) {
          long physAddr = rig.data(from, level) + (space * 4 + c.random().nextInt(4)) * span;
          map(rig, space, from, physAddr, bytes, protection, level);
        }
      }
    }
  }

  private static void map(
      TlbRig rig,
      int space,
      long va,
      long physAddr,
      long bytes,
      Protection protection,
      Level level) {
    try {
      rig.map(space, va, physAddr, bytes, protection, level);
    } catch (InvalidRequestException e) {
      // Something is there: it makes way.
      rig.unmap(space, va, bytes);
      rig.map(space, va, physAddr, bytes, protection, level);
    }
  }

  /** A page near where the first region begins, or the last one where its pages are a user's. */
  private static long randomPage(ClauseContext c) {
    List<VaRegion> regions = c.geometry().vaLayout().regions();
    boolean low = c.has(MmuFeature.HASHED) || c.random().nextInt(3) > 0;
    VaRegion region = low ? regions.getFirst() : regions.getLast();
    long page = c.geometry().pageBytes();
    Level level = TlbRig.randomLevel(c);
    long window = level == Level.PTE ? 24 * page : Samples.spanBytes(c.geometry(), level);
    long size = region.lastVa() - region.firstVa();
    long offset = c.random().nextLong(size < 0 ? window : Math.min(window, size));
    return (region.firstVa() + offset) & -page;
  }

  private static VaRegion region(ClauseContext c, long va) {
    return c.geometry().vaLayout().regionOf(va).orElseThrow();
  }

  @Clause(
      id = "TLB-30",
      text =
          "CPUs that run what is flushed are interrupted, one by one, where invalidations are not broadcast; others are not",
      source = "kernel: mm_cpumask, flush_tlb_multi; arm64 and Power: broadcast",
      check = "CpuSet.flush: ipis; BROADCAST_TLBI")
  static void interruptsAreCounted(ClauseContext c) {
    long page = c.geometry().pageBytes();
    long expected = c.has(MmuFeature.BROADCAST_TLBI) ? 0 : 1;
    TlbRig rig = new TlbRig(c, 2);
    long va = rig.va(Level.PTE);
    rig.givenAmongOthers(0, va, page, Protection.PAGE_READONLY, Level.PTE);
    both(rig, va, Access.USER_READ, "at first");
    rig.load(1, 1);
    long before = rig.cpus().counts().ipis();
    rig.unmap(0, va, page);
    long sent = rig.cpus().counts().ipis() - before;
    c.check(sent == expected, expected + " interrupts", sent);
  }

  @Clause(
      id = "TLB-31",
      text = "A flush of any page of a large leaf takes all of what is cached of the leaf",
      source = "Intel SDM volume 3A, 4.10.4.1: INVLPG and large pages; Arm ARM, D8.13",
      check = "Tlb.drop: pages of every size that the range touches")
  static void aPageOfALargeLeafTakesIt(ClauseContext c) {
    long page = c.geometry().pageBytes();
    for (Level level : c.hugeLevels()) {
      if (TlbRig.levels(c).contains(level)) {
        TlbRig rig = new TlbRig(c, 1);
        long va = rig.va(level);
        rig.given(0, va, Samples.spanBytes(c.geometry(), level), Protection.PAGE_READONLY, level);
        rig.judge(0, 0, va, Access.USER_READ, "at first");
        c.cpuFlushes()
            .flusher(rig.cpus(), rig.context(0))
            .flush(new FlushRequest(va + page, va + 2 * page - 1, TlbDuty.FLUSH_LEAF, false));
        int left = rig.cpu(0).cachedTranslations();
        c.check(left == 0, level, "nothing cached", left);
      }
    }
  }

  @Clause(
      id = "TLB-32",
      text = "What a table takes away is taken from walks that begin below it, too",
      source = "Intel SDM volume 3A, 4.10.3.1: caches hold the rights of all entries used",
      check = "WalkCache.put: rights",
      requires = MmuFeature.HIERARCHICAL_RIGHTS)
  static void rightsOfTablesAreCached(ClauseContext c) {
    c.tableLevels();
    long page = c.geometry().pageBytes();
    long step = Math.max(1, c.variant().batchOps().runEntries(Level.PTE)) * page;
    TlbRig rig = new TlbRig(c, 1);
    long va = rig.va(Level.PTE);
    rig.given(0, va, page, Protection.PAGE_SHARED, Level.PTE);
    rig.given(0, va + step, page, Protection.PAGE_SHARED, Level.PTE);
    List<ReferenceReader.Entry> path = rig.reader(0).path(va);
    ReferenceReader.Entry table = path.get(path.size() - 2);
    for (int bit = 0; bit < 8 * c.geometry().entryBytes(); bit++) {
      long raw = table.raw() ^ 1L << bit;
      boolean like =
          c.format().valid(raw, table.level())
              && c.format().reserved(raw, table.level()) == 0
              && !c.format().leaf(raw, table.level())
              && c.format().tableAddr(raw, table.level())
                  == c.format().tableAddr(table.raw(), table.level());
      if (like && (c.format().rights(raw, table.level()) & Rights.USER_WRITE) == 0) {
        rig.machine().bytes().store(table.entryAddr(), raw);
        for (Access access : List.of(Access.KERNEL_READ, Access.USER_READ, Access.USER_WRITE)) {
          rig.cpus().retire(rig.context(0));
          rig.load(0, 0);
          rig.judge(0, 0, va, Access.KERNEL_READ, "at first");
          rig.judge(0, 0, va + step, access, "below a table that takes away");
        }
      }
    }
  }

  /** Both CPUs must do as the tables say. */
  private static void both(TlbRig rig, long va, Access access, String when) {
    rig.judge(0, 0, va, access, when);
    rig.judge(1, 0, va, access, when);
  }
}
