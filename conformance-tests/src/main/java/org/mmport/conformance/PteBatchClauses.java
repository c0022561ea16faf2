package org.mmport.conformance;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.function.LongUnaryOperator;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.PteBatch;
import org.mmport.pgtable.PteBatch.Ignored;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/** BATCH: which entries of a table may be changed as one. */
@RestsOn({"GEO", "FMT", "FOLD", "WALK", "MAP", "BATCH-01", "BATCH-02", "BATCH-03"})
final class PteBatchClauses {
  private static final int PAGES = 8;
  private static final Set<Ignored> ALL = EnumSet.allOf(Ignored.class);

  private PteBatchClauses() {}

  /** Looks at a table of the last level. */
  private interface Look {
    void at(PteTable table);
  }

  private static void inTable(ClauseContext c, Look look) {
    PageTable tables = c.machine().pageTable(TableOwner.USER);
    long va = c.geometry().vaLayout().regions().getFirst().firstVa();
    try (MmuGather gather = tables.gather(request -> {})) {
      look.at(tables.pteTableAlloc(va, gather));
      gather.flush();
    }
  }

  /** As a process may have it: used, written, and to be written. */
  private static long leaf(ClauseContext c, long physAddr) {
    PteFormat f = c.format();
    long raw = Leaves.make(c, physAddr, Protection.PAGE_COPY, Level.PTE);
    return f.mkWrite(f.mkDirty(f.mkYoung(raw, Level.PTE), Level.PTE), Level.PTE);
  }

  private static long pageBytes(ClauseContext c) {
    return Samples.spanBytes(c.geometry(), Level.PTE);
  }

  /** Leaves of consecutive pages, one of which is changed. */
  private static int length(
      ClauseContext c, Set<Ignored> ignored, int changed, LongUnaryOperator change) {
    int[] found = new int[1];
    inTable(
        c,
        table -> {
          for (int i = 0; i < PAGES; i++) {
            long raw = leaf(c, (16 + i) * pageBytes(c));
            table.set(i, 1, i == changed ? change.applyAsLong(raw) : raw);
          }
          PteBatch batch = new PteBatch(c.variant(), ignored);
          found[0] = batch.length(table, 0, table.get(0), PAGES);
        });
    return found[0];
  }

  @Clause(
      id = "BATCH-07",
      text = "Leaves of a batch are alike in all bits but those that the caller ignores",
      source = "kernel: folio_pte_batch_flags, __pte_batch_clear_ignored; R4.26",
      check = "PteBatch.plain: what it takes from a leaf for which flag")
  static void alikeButForTheIgnored(ClauseContext c) {
    PteFormat f = c.format();
    Map<Ignored, LongUnaryOperator> changes = new EnumMap<>(Ignored.class);
    changes.put(Ignored.YOUNG, raw -> f.mkOld(raw, Level.PTE));
    changes.put(Ignored.DIRTY, raw -> f.mkClean(raw, Level.PTE));
    changes.put(Ignored.WRITE, raw -> f.wrProtect(raw, Level.PTE));
    if (c.has(MmuFeature.SOFT_DIRTY)) {
      changes.put(Ignored.SOFT_DIRTY, raw -> f.clearSoftDirty(raw, Level.PTE));
    }
    changes.forEach(
        (mark, change) -> {
          Set<Ignored> others = EnumSet.complementOf(EnumSet.of(mark));
          expect(c, PAGES, length(c, ALL, 5, change), mark + " ignored");
          expect(c, 5, length(c, others, 5, change), mark + " not ignored");
          expect(c, PAGES, length(c, Set.of(), -1, change), "nothing ignored, all alike");
        });
  }

  private static void expect(ClauseContext c, int expected, int found, String when) {
    c.check(found == expected, "%d leaves with %s".formatted(expected, when), found);
  }

  @Clause(
      id = "BATCH-08",
      text = "A batch ends before what maps another page, or nothing, or with other rights",
      source = "kernel: folio_pte_batch_flags; R4.1, R4.26",
      check = "PteBatch.length: frames, entries that are not present")
  static void endsBeforeOthers(ClauseContext c) {
    PteFormat f = c.format();
    long far = 1000 * pageBytes(c);
    expect(c, 3, length(c, ALL, 3, raw -> f.withPhysAddr(raw, far, Level.PTE)), "another page");
    long twice = (16 + 2) * pageBytes(c);
    expect(c, 3, length(c, ALL, 3, raw -> f.withPhysAddr(raw, twice, Level.PTE)), "the last again");
    long none = Leaves.make(c, (16 + 3) * pageBytes(c), Protection.PAGE_NONE, Level.PTE);
    expect(c, 3, length(c, ALL, 3, raw -> none), "one that may not be touched");
    if (c.has(MmuFeature.NO_EXECUTE)) {
      long exec = Leaves.make(c, (16 + 3) * pageBytes(c), Protection.PAGE_READONLY_EXEC, Level.PTE);
      expect(c, 3, length(c, ALL, 3, raw -> exec), "one that may be executed");
    }
    inTable(
        c,
        table -> {
          table.set(0, 1, leaf(c, 0));
          table.set(1, 1, leaf(c, pageBytes(c)));
          table.setNonPresent(2, f.mkSwap(0, 1, Level.PTE));
          PteBatch batch = new PteBatch(c.variant(), ALL);
          expect(c, 2, batch.length(table, 0, table.get(0), 4), "a swap entry behind");
          expect(c, 1, batch.length(table, 1, table.get(1), 4), "one before the swap entry");
        });
  }

  @Clause(
      id = "BATCH-09",
      text = "The next frame is found over carries into any bit, and no batch is longer than asked",
      source = "kernel: pte_advance_pfn; arm64 output addresses of 52 bits; R4.27, R4.28, R4.35",
      check = "PteBatch.length: withPhysAddr for each step; runs that go on behind the limit")
  static void stepsAreThePortsOwn(ClauseContext c) {
    PteBatch batch = new PteBatch(c.variant(), Set.of());
    for (long physAddr : Samples.physAddrs(c, Level.PTE)) {
      long first = physAddr - 2 * pageBytes(c);
      if (first >= 0 && physAddr + pageBytes(c) <= Samples.lastPhysAddr(c.geometry(), Level.PTE)) {
        inTable(
            c,
            table -> {
              for (int i = 0; i < 4; i++) {
                table.set(i, 1, leaf(c, first + i * pageBytes(c)));
              }
              expect(c, 4, batch.length(table, 0, table.get(0), 4), "0x%x".formatted(physAddr));
              expect(c, 2, batch.length(table, 1, table.get(1), 2), "2 asked for");
            });
      }
    }
  }
}
