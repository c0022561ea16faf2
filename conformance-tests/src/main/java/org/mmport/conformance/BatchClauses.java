package org.mmport.conformance;

import org.mmport.pgtable.FolioBounds;
import org.mmport.spi.BatchOps;
import org.mmport.spi.EntryArray;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/** BATCH: operations on runs of entries equal the loop, whatever is cached as one. */
@RestsOn({
  "FMT-02",
  "FMT-04",
  "FMT-05",
  "FMT-07",
  "FMT-09",
  "FMT-10",
  "FMT-20",
  "FMT-21",
  "FMT-53",
  "FMT-84",
  "BATCH-01"
})
final class BatchClauses {
  private static final int STEPS = 250;
  private static final FolioBounds ONE_FOLIO = (physAddr, sizeBytes) -> true;

  private BatchClauses() {}

  @Clause(
      id = "BATCH-01",
      text =
          "Runs of entries are powers of two that fit their tables; at levels without leaves there are none",
      source = "SPI: BatchOps.runEntries; kernel: CONT_PTES, CONT_PMDS",
      check = "runEntries against the entries of each level")
  static void runsFitTables(ClauseContext c) {
    for (Level level : c.realLevels()) {
      int entries = c.variant().batchOps().runEntries(level);
      int most = c.leafLevels().contains(level) ? 1 << c.geometry().at(level).indexBits() : 1;
      c.check(Integer.bitCount(entries) == 1, level, "a power of two", entries);
      c.check(entries <= most, level, "runs of at most " + most, entries);
    }
  }

  @Clause(
      id = "BATCH-02",
      text = "Only leaves are in runs: no empty entry, no table, no swap entry",
      source = "kernel: pte_valid_cont; swap offsets use the bit for themselves",
      check = "inRun and hint of what is no leaf")
  static void onlyLeavesAreInRuns(ClauseContext c) {
    BatchOps ops = c.variant().batchOps();
    for (Level level : c.realLevels()) {
      notInRun(c, ops, c.format().empty(level), level);
    }
    for (Level level : c.swapLevels()) {
      for (long bit = 1; bit != 0 && bit < c.format().swapOffsets(); bit <<= 1) {
        notInRun(c, ops, c.format().mkSwap(1, bit, level), level);
      }
    }
    for (Level level : c.realLevels()) {
      if (level != Level.PTE) {
        long table =
            c.format()
                .mkTable(Samples.lastPhysAddr(c.geometry(), 1L << 16), level, TableOwner.USER);
        notInRun(c, ops, table, level);
      }
    }
    Leaves.fresh(
        c, Samples.ALL, (raw, level, protection, physAddr) -> notInRun(c, ops, raw, level));
  }

  private static void notInRun(ClauseContext c, BatchOps ops, long raw, Level level) {
    c.check(!ops.inRun(raw, level, c.format()), level, raw, "not in a run", "in a run");
  }

  @RestsOn({"FMT-87", "FMT-91", "FMT-92"})
  @Clause(
      id = "BATCH-03",
      text =
          "Whatever is done to runs, a reader sees what entry by entry would have made; young and dirty may be those of what an entry is cached with, and none is lost",
      source = "R4.17, R4.19, R4.36; kernel: contpte.c, every hook",
      check = "the operation that the message names, against the default of BatchOps")
  static void runsEqualTheLoop(ClauseContext c) {
    for (Level level : c.leafLevels()) {
      for (TableOwner owner : TableOwner.values()) {
        for (FolioBounds folios : new FolioBounds[] {ONE_FOLIO, FolioBounds.UNKNOWN}) {
          new BatchRig(c, level, owner, folios).run(STEPS, BatchRig::judgeReader);
        }
      }
    }
  }

  @Clause(
      id = "BATCH-04",
      text =
          "No store comes before the flush that must go before it, and every flush that is due is noted",
      source = "Arm ARM, D8.16.1: break-before-make; R4.30: a missing TLBI in set_access_flags",
      check = "the order clear, flush, store where runs are made and dissolved; owe")
  @RestsOn({"FLUSH-01", "FLUSH-02", "FLUSH-06", "FLUSH-11", "FLUSH-16"})
  static void breaksBeforeItMakes(ClauseContext c) {
    for (Level level : c.leafLevels()) {
      new BatchRig(c, level, TableOwner.USER, ONE_FOLIO)
          .run(
              STEPS,
              (rig, step) ->
                  c.check(
                      rig.table().breaches().isEmpty(),
                      level,
                      "all flushed in time after " + step,
                      rig.table().breaches()));
    }
  }

  @Clause(
      id = "BATCH-05",
      text = "The hint counts entries that go on as the first begins, and none of another run",
      source = "R4.32; kernel: pte_batch_hint",
      check = "hint at every index, against the entries behind it")
  static void hintsAreTrue(ClauseContext c) {
    BatchOps ops = c.variant().batchOps();
    for (Level level : c.leafLevels()) {
      new BatchRig(c, level, TableOwner.USER, ONE_FOLIO)
          .run(
              STEPS,
              (rig, step) -> {
                for (int i = 0; i < rig.window(); i++) {
                  hintIsTrue(c, ops, rig.table(), i);
                }
              });
    }
  }

  private static void hintIsTrue(ClauseContext c, BatchOps ops, EntryArray table, int index) {
    Level level = table.level();
    PteFormat format = c.format();
    long raw = table.get(index);
    int hint = ops.hint(table, index);
    int members = ops.runEntries(level);
    int expected = ops.inRun(raw, level, format) ? members - (index & (members - 1)) : 1;
    c.check(hint == expected, level, raw, "a hint of " + expected + " at entry " + index, hint);
    for (int i = 1; i < hint; i++) {
      long next = table.get(index + i);
      long physAddr = format.physAddr(raw, level) + i * table.spanBytes();
      c.check(format.present(next, level), level, next, "present, as was hinted", next);
      c.same(physAddr, format.physAddr(next, level), level, next, "the next page");
    }
  }

  @Clause(
      id = "BATCH-06",
      text = "Without the lock a leaf is read as it was or as it is, never as a mixture",
      source = "kernel: contpte_ptep_get_lockless",
      check = "getLockless while the entries are replaced, at any read of it")
  static void locklessReadsAreWhole(ClauseContext c) {
    for (Level level : c.leafLevels()) {
      int members = c.variant().batchOps().runEntries(level);
      for (int i = 0; i < 200; i++) {
        BatchTable before = filled(c, level, members, 0);
        BatchTable after = filled(c, level, members, members * before.spanBytes());
        mark(c, before, c.random().nextInt(members));
        int index = c.random().nextInt(members);
        ChangingTable table = new ChangingTable(before, after, c.random().nextInt(2 * members + 2));
        long got = c.variant().batchOps().getLockless(table, index);
        boolean old = got == c.variant().batchOps().get(before, index);
        boolean now = got == c.variant().batchOps().get(after, index);
        c.check(old || now, level, got, "the leaf before or the leaf after", got);
      }
    }
  }

  private static BatchTable filled(ClauseContext c, Level level, int nr, long physAddr) {
    BatchTable table = new BatchTable(c.variant(), level, TableOwner.USER, ONE_FOLIO);
    long raw = Leaves.make(c, physAddr, Protection.PAGE_SHARED, level);
    c.variant().batchOps().set(table, 0, nr, c.format().mkClean(raw, level));
    return table;
  }

  private static void mark(ClauseContext c, BatchTable table, int index) {
    table.mark(index, c.format().mkDirty(table.get(index), table.level()));
  }

  /** Another table from the so-manieth read on. */
  private static final class ChangingTable implements EntryArray {
    private final BatchTable before;
    private final BatchTable after;
    private int readsLeft;

    ChangingTable(BatchTable before, BatchTable after, int reads) {
      this.before = before;
      this.after = after;
      this.readsLeft = reads;
    }

    @Override
    public Level level() {
      return before.level();
    }

    @Override
    public PteFormat format() {
      return before.format();
    }

    @Override
    public long spanBytes() {
      return before.spanBytes();
    }

    @Override
    public int length() {
      return before.length();
    }

    @Override
    public long get(int index) {
      return (readsLeft-- > 0 ? before : after).get(index);
    }
  }
}
