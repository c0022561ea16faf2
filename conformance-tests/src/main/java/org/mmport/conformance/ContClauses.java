package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import org.mmport.pgtable.FlushRequest;
import org.mmport.pgtable.FolioBounds;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.spi.BatchOps;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/** CONT: runs of entries that are cached as one translation: when they are made and dissolved. */
@RestsOn({
  "GEO-04",
  "GEO-15",
  "FMT-04",
  "FMT-05",
  "FMT-10",
  "FMT-20",
  "FMT-21",
  "FMT-29",
  "FMT-53",
  "FMT-55",
  "FMT-60",
  "FMT-63",
  "FMT-83",
  "FMT-84",
  "FLUSH-02",
  "FLUSH-11",
  "FLUSH-16",
  "BATCH-01",
  "CONT-01"
})
final class ContClauses {
  private static final FolioBounds ONE_FOLIO = (physAddr, sizeBytes) -> true;
  private static final String KERNEL = "kernel: contpte.c, contpte_convert, __contpte_try_fold";

  private ContClauses() {}

  @Clause(
      id = "CONT-01",
      text =
          "Runs have as many members, and say so by the bit, as the manual and the kernel have it",
      source = "Arm ARM, D8.7.1: the Contiguous bit; kernel: CONT_PTES, CONT_PMDS",
      check = "the counts of the granule, the level above PTE, the bit",
      requires = MmuFeature.CONT_PTE)
  static void goldenRuns(ClauseContext c) {
    List<Level> golden = new ArrayList<>();
    for (List<String> row : HashClauses.golden(c, "-runs", 5)) {
      Level level = Level.valueOf(row.get(1));
      int members = (int) GoldenFile.number(row.get(2));
      golden.add(level);
      c.check(
          c.variant().batchOps().runEntries(level) == members,
          level,
          members + " members",
          c.variant().batchOps().runEntries(level));
      long bytes = members * Samples.spanBytes(c.geometry(), level);
      c.same(GoldenFile.number(row.get(4)), bytes, level, bytes, "bytes of a run");
      BatchTable table = new BatchTable(c.variant(), level, TableOwner.USER, ONE_FOLIO);
      long raw = Leaves.make(c, bytes, Protection.PAGE_SHARED, level);
      c.variant().batchOps().set(table, 0, members, raw);
      long bit = 1L << GoldenFile.number(row.get(3));
      c.same(raw | bit, table.get(0), level, table.get(0), "the first member");
    }
    c.check(golden.equals(levels(c).reversed()), "rows for " + levels(c), golden);
  }

  private static List<Level> levels(ClauseContext c) {
    return c.leafLevels().stream()
        .filter(level -> c.variant().batchOps().runEntries(level) > 1)
        .toList();
  }

  @Clause(
      id = "CONT-02",
      text =
          "All members of a run are in it, of consecutive memory aligned as the run is, alike but for young and dirty, and user code's",
      source = "R4.14, R4.16; Arm ARM, D8.7.1: misprogramming of the Contiguous bit",
      check = "the operation that the message names: a part of a run that it changed",
      requires = MmuFeature.CONT_PTE)
  static void runsAreWhole(ClauseContext c) {
    for (Level level : levels(c)) {
      for (TableOwner owner : TableOwner.values()) {
        new BatchRig(c, level, owner, ONE_FOLIO)
            .run(1500, (rig, step) -> judge(c, rig, owner, step));
      }
    }
  }

  private static void judge(ClauseContext c, BatchRig rig, TableOwner owner, String step) {
    BatchTable table = rig.table();
    int members = c.variant().batchOps().runEntries(table.level());
    for (int first = 0; first < rig.window(); first += members) {
      List<Long> run = new ArrayList<>();
      for (int i = first; i < first + members; i++) {
        run.add(table.get(i));
      }
      judgeRun(c, table.level(), run, owner, "after " + step + ", entry " + first);
    }
  }

  /** Judges what stands where a run may be. */
  private static void judgeRun(
      ClauseContext c, Level level, List<Long> run, TableOwner owner, String where) {
    BatchOps ops = c.variant().batchOps();
    PteFormat format = c.format();
    long in = run.stream().filter(raw -> ops.inRun(raw, level, format)).count();
    c.check(in == 0 || in == run.size(), level, where + ": all in a run or none", in);
    if (in == 0) {
      return;
    }
    c.check(owner == TableOwner.USER, level, where + ": no run in the kernel's tables", in);
    long spanBytes = Samples.spanBytes(c.geometry(), level);
    long physAddr = format.physAddr(run.getFirst(), level);
    c.check(physAddr % (run.size() * spanBytes) == 0, level, where + ": aligned memory", physAddr);
    for (int i = 0; i < run.size(); i++) {
      long raw = run.get(i);
      long expected = format.withPhysAddr(run.getFirst(), physAddr + i * spanBytes, level);
      long unmarked = format.mkOld(format.mkClean(raw, level), level);
      if (unmarked != format.mkOld(format.mkClean(expected, level), level)) {
        c.same(
            expected, raw, level, raw, where + ": member " + i + ", but for marks, as the first");
      }
    }
  }

  @Clause(
      id = "CONT-03",
      text =
          "What is mapped at once is in runs where a whole run of it is aligned as its memory is, and nowhere else",
      source = "kernel: contpte_set_ptes; R4.15: several runs to a folio",
      check = "set: which part of the range are whole runs",
      requires = MmuFeature.CONT_PTE)
  static void rangesAreRuns(ClauseContext c) {
    for (Level level : levels(c)) {
      Run run = new Run(c, level);
      for (int skipped : new int[] {0, 1}) {
        try (ModelRig rig = new ModelRig(c)) {
          long va = run.va + skipped * run.spanBytes;
          long size = (2L * run.members - 1) * run.spanBytes;
          rig.map(va, skipped * run.spanBytes, size, Protection.PAGE_SHARED, level);
          run.check(rig.rig(), run.va, skipped == 0, "the run at the start");
          run.check(rig.rig(), run.va + run.bytes, skipped == 1, "the run behind it");
          rig.judge();
        }
        try (ModelRig rig = new ModelRig(c)) {
          rig.map(run.va, (1L + skipped) * run.spanBytes, run.bytes, Protection.PAGE_SHARED, level);
          run.check(rig.rig(), run.va, false, "memory that is aligned otherwise");
        }
      }
    }
  }

  @Clause(
      id = "CONT-04",
      text =
          "A part of a run changes after the run was dissolved: emptied, all its addresses flushed, and stored as single leaves",
      source = KERNEL + "; Arm ARM, D8.16.1: the Contiguous bit changes by break-before-make",
      check = "isolate: both ends of the range; the flush between clearing and storing",
      requires = MmuFeature.CONT_PTE)
  static void partsDissolveRuns(ClauseContext c) {
    for (Level level : levels(c)) {
      Run run = new Run(c, level);
      for (int part : new int[] {0, run.members / 2, run.members - 1}) {
        for (boolean unmap : new boolean[] {true, false}) {
          try (ModelRig rig = new ModelRig(c)) {
            rig.map(run.va, 0, run.bytes, Protection.PAGE_SHARED, level);
            partChanges(c, run, rig, run.va + part * run.spanBytes, unmap);
          }
        }
      }
    }
  }

  @Clause(
      id = "CONT-12",
      text = "A range that ends inside of runs dissolves those at both its ends and no other",
      source = "kernel: contpte_clear_full_ptes, contpte_try_unfold_partial",
      check = "isolate: the run at the range's end",
      requires = MmuFeature.CONT_PTE)
  static void bothEndsDissolve(ClauseContext c) {
    for (Level level : levels(c)) {
      Run run = new Run(c, level);
      try (ModelRig rig = new ModelRig(c)) {
        rig.map(run.va, 0, 3 * run.bytes, Protection.PAGE_SHARED, level);
        rig.protect(run.va + run.spanBytes, 2 * run.bytes, Protection.PAGE_READONLY);
        run.check(rig.rig(), run.va, false, "the run at the start");
        run.check(rig.rig(), run.va + run.bytes, true, "the run in the middle");
        run.check(rig.rig(), run.va + 2 * run.bytes, false, "the run at the end");
        rig.judge();
      }
    }
  }

  private static void partChanges(ClauseContext c, Run run, ModelRig rig, long va, boolean unmap) {
    List<String> wrong = new ArrayList<>();
    List<FlushRequest> midst = new ArrayList<>();
    try (MmuGather gather =
        rig.table().gather(request -> flushed(run, rig, request, midst, wrong))) {
      if (unmap) {
        rig.table().unmap(va, run.spanBytes, gather);
      } else {
        rig.table().protect(va, run.spanBytes, Protection.PAGE_READONLY, gather);
      }
      c.checkVa(midst.size() == 1, va, "one flush of " + run, midst);
      gather.flush();
    }
    c.checkVa(wrong.isEmpty(), va, "the run empty while it is flushed", wrong);
    run.check(rig.rig(), run.va, false, "a run of which a part changed");
    for (int i = 0; i < run.members; i++) {
      long at = run.va + i * run.spanBytes;
      long expected = unmap && at == va ? -1 : i * run.spanBytes;
      c.checkVa(rig.reader().translate(at) == expected, at, ClauseContext.hex(expected), "another");
    }
  }

  private static void flushed(
      Run run, ModelRig rig, FlushRequest request, List<FlushRequest> midst, List<String> wrong) {
    if (!run.isWhole(request) || !midst.isEmpty()) {
      return;
    }
    midst.add(request);
    for (int i = 0; i < run.members; i++) {
      if (rig.reader().translate(run.va + i * run.spanBytes) != -1) {
        wrong.add("member " + i);
      }
    }
  }

  @RestsOn({"FMT-27", "FMT-34", "FMT-89"})
  @Clause(
      id = "CONT-05",
      text =
          "What is done to whole runs leaves them runs: write-protected in place, and unmapped, without a flush in between",
      source = "R4.31: unfolding per entry costs twentyfold; kernel: contpte_wrprotect_ptes",
      check = "what is dissolved although all of it changes",
      requires = MmuFeature.CONT_PTE)
  static void wholeRunsStay(ClauseContext c) {
    for (Level level : levels(c)) {
      Run run = new Run(c, level);
      try (ModelRig rig = new ModelRig(c)) {
        rig.map(run.va, 0, run.bytes, Protection.PAGE_SHARED, level);
        // What is clean may be cached as read-only, and then owes nothing.
        for (int i = 0; i < run.members; i++) {
          run.mark(rig, i);
        }
        rig.rig().takeFlushes();
        rig.protect(run.va, run.bytes, Protection.PAGE_READONLY);
        run.check(rig.rig(), run.va, true, "a run that was write-protected");
        rig.judge();
        oneFlush(c, run, rig.rig().takeFlushes());
        rig.unmap(run.va, run.bytes);
        oneFlush(c, run, rig.rig().takeFlushes());
        rig.judge();
      }
    }
  }

  private static void oneFlush(ClauseContext c, Run run, List<FlushRequest> flushes) {
    boolean one = flushes.size() == 1 && run.isWhole(flushes.getFirst());
    c.checkVa(one, run.va, "one flush, of " + run, flushes);
  }

  @Clause(
      id = "CONT-06",
      text =
          "What must not change in place changes for a whole run at once: all its members are empty while it is flushed, and a run again after",
      source = "Arm ARM, D8.16.1; kernel: contpte, modify_prot_start_ptes",
      check = "protect: members that are broken one by one leave others cached",
      requires = {MmuFeature.CONT_PTE, MmuFeature.BREAK_BEFORE_MAKE})
  static void wholeRunsBreakAtOnce(ClauseContext c) {
    for (Level level : levels(c)) {
      Run run = new Run(c, level);
      try (ModelRig rig = new ModelRig(c)) {
        rig.map(run.va, 0, run.bytes, Protection.user("rwx", true), level);
        // Marks that differ, as hardware leaves them, must not part the run.
        run.mark(rig, 1);
        List<FlushRequest> midst = new ArrayList<>();
        List<String> wrong = new ArrayList<>();
        try (MmuGather gather =
            rig.table().gather(request -> flushed(run, rig, request, midst, wrong))) {
          rig.table().protect(run.va, run.bytes, Protection.PAGE_SHARED, gather);
          gather.flush();
        }
        c.checkVa(
            midst.size() == 1 && wrong.isEmpty(), run.va, "one flush of the empty run", wrong);
        run.check(rig.rig(), run.va, true, "a run whose rights changed");
      }
    }
  }

  @Clause(
      id = "CONT-07",
      text =
          "Pages mapped one by one become a run with the last of it, where they are one folio; not before, and not where nothing says so",
      source = KERNEL + "; R4.13, R4.19: young and dirty are a folio's",
      check = "mayComplete, and the folio's bounds",
      requires = MmuFeature.CONT_PTE)
  static void singlesCompleteRuns(ClauseContext c) {
    Run run = new Run(c, Level.PTE);
    FolioBounds half = (physAddr, sizeBytes) -> physAddr + sizeBytes <= run.bytes / 2;
    for (FolioBounds folios : List.of(ONE_FOLIO, FolioBounds.UNKNOWN, half)) {
      Machine machine = c.machine();
      try (PageTable table = PageTable.create(machine.space(), TableOwner.USER, folios)) {
        Rig rig = new Rig(c, machine, table);
        for (int i = 0; i < run.members; i++) {
          run.check(rig, run.va, false, "a run that lacks " + (run.members - i));
          long at = i * run.spanBytes;
          try (MmuGather gather = table.gather(request -> {})) {
            table.map(run.va + at, at, run.spanBytes, Protection.PAGE_SHARED, gather);
            gather.flush();
          }
        }
        run.check(rig, run.va, folios.equals(ONE_FOLIO), "pages of one folio or not");
        for (int i = 0; i < run.members; i++) {
          long at = i * run.spanBytes;
          c.checkVa(
              table.translate(run.va + at) == at, run.va + at, ClauseContext.hex(at), "other");
        }
      }
    }
  }

  @Clause(
      id = "CONT-08",
      text =
          "Young and dirty that hardware set in one member are not lost when another one changes",
      source = "R4.36; kernel: contpte_ptep_get; hardware may set them in any member",
      check = "what is gathered when a run is dissolved",
      requires = MmuFeature.CONT_PTE)
  static void marksOfOtherMembersStay(ClauseContext c) {
    for (Level level : levels(c)) {
      Run run = new Run(c, level);
      for (int marked : new int[] {0, 3, run.members - 1}) {
        try (ModelRig rig = new ModelRig(c)) {
          rig.map(run.va, 0, run.bytes, Protection.PAGE_SHARED, level);
          run.mark(rig, marked);
          long other = run.va + ((marked + 1) % run.members) * run.spanBytes;
          rig.protect(other, run.spanBytes, Protection.PAGE_READONLY);
          long at = run.va + marked * run.spanBytes;
          long raw = rig.reader().path(at).getLast().raw();
          c.checkVa(c.format().dirty(raw, level), level, at, raw, "still dirty", "clean");
        }
      }
    }
  }

  @Clause(
      id = "CONT-09",
      text = "The kernel's own tables have no runs: a fault there while one is dissolved is fatal",
      source = "kernel: contpte.c, mm_is_user",
      check = "the owner of the tables",
      requires = MmuFeature.CONT_PTE)
  static void kernelHasNoRuns(ClauseContext c) {
    for (Level level : levels(c)) {
      Run run = new Run(c, level);
      Machine machine = c.machine();
      try (PageTable table = PageTable.create(machine.space(), TableOwner.KERNEL, ONE_FOLIO)) {
        Rig rig = new Rig(c, machine, table);
        rig.map(run.va, 0, run.bytes, Protection.kernel("rw-"), level);
        run.check(rig, run.va, false, "a kernel mapping");
      }
    }
  }

  @Clause(
      id = "CONT-10",
      text =
          "After any program of maps, unmaps and protects, runs are whole and all maps as it should",
      source = "R4.14, R4.17; design: invariants after every step",
      check = "the table editor: what it changes without asking to have it isolated",
      requires = MmuFeature.CONT_PTE)
  static void programsKeepRunsWhole(ClauseContext c) {
    for (int program = 0; program < 6; program++) {
      try (ModelRig rig = new ModelRig(c)) {
        int members = c.variant().batchOps().runEntries(Level.PTE);
        for (int i = 0; i < 12; i++) {
          rig.run(6, 5L * members, Samples.USER);
          judgeTables(c, rig.reader());
        }
      }
    }
  }

  private static void judgeTables(ClauseContext c, ReferenceReader reader) {
    for (Level level : levels(c)) {
      int members = c.variant().batchOps().runEntries(level);
      long runBytes = members * Samples.spanBytes(c.geometry(), level);
      for (ReferenceReader.Entry entry : reader.contents().entries()) {
        boolean member = c.variant().batchOps().inRun(entry.raw(), level, c.format());
        if (entry.level() == level && !entry.table() && member) {
          List<Long> run = new ArrayList<>();
          long first = entry.va() & -runBytes;
          for (int i = 0; i < members; i++) {
            run.add(reader.path(first + i * (runBytes / members)).getLast().raw());
          }
          judgeRun(c, level, run, TableOwner.USER, "run at " + ClauseContext.hex(first));
        }
      }
    }
  }

  @Clause(
      id = "CONT-11",
      text = "A large leaf that is split leaves its run first, and the others map as before",
      source = "kernel: hugetlb get_clear_contig; R4.14",
      check = "split: isolate before the table is hooked",
      requires = MmuFeature.CONT_PMD)
  static void splitLeavesTheRun(ClauseContext c) {
    for (Level level : levels(c)) {
      if (level != Level.PTE) {
        Run run = new Run(c, level);
        try (ModelRig rig = new ModelRig(c)) {
          rig.map(run.va, 0, run.bytes, Protection.PAGE_SHARED, level);
          run.check(rig.rig(), run.va, true, "a run of large leaves");
          rig.protect(run.va + run.spanBytes, c.geometry().pageBytes(), Protection.PAGE_READONLY);
          run.check(rig.rig(), run.va, false, "a run of which a leaf was split");
          rig.judge();
          judgeTables(c, rig.reader());
        }
      }
    }
  }

  @Clause(
      id = "CONT-13",
      text = "If the flush of a run fails while it is empty, all of it maps as before",
      source = "a failed request changes nothing; FLUSH-32",
      check = "what is stored back where a run is dissolved, and where it changes as a whole",
      requires = {MmuFeature.CONT_PTE, MmuFeature.BREAK_BEFORE_MAKE})
  static void failedFlushLosesNoRun(ClauseContext c) {
    for (Level level : levels(c)) {
      Run run = new Run(c, level);
      for (long part : new long[] {run.spanBytes, run.bytes}) {
        try (ModelRig rig = new ModelRig(c)) {
          rig.map(run.va, 0, run.bytes, Protection.user("rwx", true), level);
          FlushClauses.protectFails(c, rig, run.va, part, Protection.PAGE_SHARED);
        }
      }
    }
  }

  /** Where a run may be: aligned user addresses with room for another one behind. */
  private static final class Run {
    private final ClauseContext c;
    private final Level level;
    private final int members;
    private final long spanBytes;
    private final long bytes;
    private final long va;

    Run(ClauseContext c, Level level) {
      this.c = c;
      this.level = level;
      this.members = c.variant().batchOps().runEntries(level);
      this.spanBytes = Samples.spanBytes(c.geometry(), level);
      this.bytes = members * spanBytes;
      this.va = c.geometry().vaLayout().regions().getFirst().firstVa() + 4 * bytes;
    }

    /** Checks that a run is one, or that none of it says that it is. */
    void check(Rig rig, long runVa, boolean expected, String what) {
      for (int i = 0; i < members; i++) {
        ReferenceReader.Entry entry = rig.reader().path(runVa + i * spanBytes).getLast();
        boolean in =
            entry.level() == level && c.variant().batchOps().inRun(entry.raw(), level, c.format());
        c.checkVa(
            in == expected,
            level,
            runVa + i * spanBytes,
            entry.raw(),
            what + (expected ? " in a run" : " in no run"),
            in);
      }
    }

    /** Whether a flush is of this run exactly. */
    boolean isWhole(FlushRequest request) {
      return request.firstVa() == va && request.lastVa() == va + bytes - 1;
    }

    /** Hardware marks a member dirty, or software where hardware does not. */
    void mark(ModelRig rig, int member) {
      ReferenceReader.Entry entry = rig.reader().path(va + member * spanBytes).getLast();
      rig.machine().bytes().store(entry.entryAddr(), c.format().mkDirty(entry.raw(), level));
    }

    @Override
    public String toString() {
      return "%d %s entries from %s".formatted(members, level, ClauseContext.hex(va));
    }
  }
}
