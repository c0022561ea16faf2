package org.mmport.conformance;

import static org.mmport.conformance.MmClauseTwinsTest.fails;

import org.junit.jupiter.api.Test;
import org.mmport.spi.BatchOps;
import org.mmport.spi.EntryArray;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;
import org.mmport.spi.TlbDuty;

/**
 * Variants with one thing wrong that only shared tables, or copies of them, show. Clauses of area
 * LAZY must see each by themselves.
 */
class LazyTwinsTest {
  private static MmuVariant good(String id) {
    return Breaker.good(id);
  }

  /** Nothing is owed where one present leaf takes the place of another. */
  private static MmuVariant deafToRights(MmuVariant good) {
    return good.withTlbRules(
        (oldRaw, newRaw, level) ->
            level == Level.PTE
                    && good.format().present(oldRaw, level)
                    && good.format().present(newRaw, level)
                ? TlbDuty.NONE
                : good.tlbRules().duty(oldRaw, newRaw, level));
  }

  @Test
  void lastSharersThatNeverMayWriteAgain() {
    MmuVariant good = good("x86_64/4level");
    PteFormat strict =
        new FilterFormat(good.format()) {
          @Override
          public long mkWriteTable(long raw, Level level) {
            return raw;
          }
        };
    fails("LAZY-13", good.withFormat(strict), "faults");
  }

  /** Entries above forbid nothing and say they did. */
  @Test
  void tablesThatAreProtectedInWordsOnly() {
    MmuVariant good = good("x86_64/4level");
    PteFormat idle =
        new FilterFormat(good.format()) {
          @Override
          public long wrProtectTable(long raw, Level level) {
            return raw;
          }

          @Override
          public long wrProtect(long raw, Level level) {
            return level == Level.PTE ? raw : super.wrProtect(raw, level);
          }
        };
    fails("LAZY-03", good.withFormat(idle), "can be written through a table that is shared");
  }

  /** The pass from one user to two, where leaves must be protected, and CPUs not told. */
  @Test
  void leavesProtectedWithoutAFlush() {
    fails("LAZY-03", deafToRights(good("ppc64/radix-4k")), "to be 3");
  }

  @Test
  void writersThatWritebackDoesNotReach() {
    fails("LAZY-16", deafToRights(good("x86_64/4level")), "");
  }

  /** A shared page beside private ones, of which leaves are protected: only those. */
  @Test
  void leavesThatAreNotProtectedInMixedTables() {
    BatchOps lax =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public void wrProtect(LeafTable table, int index, int nr) {}
        };
    fails(
        "LAZY-14",
        good("x86_64/4level").withBatchOps(lax),
        "can be written through a table that is shared");
  }

  @Test
  void swapEntriesThatStayExclusiveInCopies() {
    MmuVariant good = good("x86_64/4level");
    PteFormat forgetful =
        new FilterFormat(good.format()) {
          @Override
          public long swapClearExclusive(long raw, Level level) {
            return raw;
          }
        };
    fails("LAZY-15", good.withFormat(forgetful), "");
  }

  @Test
  void copiesThatGoOnPastAnotherPage() {
    BatchOps generous =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public int hint(EntryArray table, int index) {
            return Math.min(4, table.length() - index);
          }
        };
    fails("LAZY-20", good("x86_64/4level").withBatchOps(generous), "");
  }

  @Test
  void copiesOfTheFirstOfARun() {
    MmuVariant good = good("arm64/4k-va48");
    BatchOps first =
        new FilterBatchOps(good.batchOps()) {
          @Override
          public void set(LeafTable table, int index, int nr, long raw) {
            super.set(table, index, 1, raw);
          }
        };
    fails("LAZY-20", good.withBatchOps(first), "");
  }

  @Test
  void runsThatAreProtectedInPart() {
    MmuVariant good = good("arm64/4k-va48");
    BatchOps first =
        new FilterBatchOps(good.batchOps()) {
          @Override
          public void wrProtect(LeafTable table, int index, int nr) {
            super.wrProtect(table, index, 1);
          }
        };
    fails("LAZY-20", good.withBatchOps(first), "writable");
  }

  @Test
  void runsThatAreClearedInPart() {
    MmuVariant good = good("arm64/4k-va48");
    BatchOps first =
        new FilterBatchOps(good.batchOps()) {
          @Override
          public long clear(LeafTable table, int index, int nr) {
            return super.clear(table, index, 1);
          }
        };
    fails("LAZY-20", good.withBatchOps(first), "");
  }

  /** An entry leaves its run and comes back as it was: the run is there when the folio is not. */
  @Test
  void runsThatOutliveTheirFolio() {
    MmuVariant good = good("arm64/4k-va48");
    BatchOps clinging =
        new FilterBatchOps(good.batchOps()) {
          @Override
          public long clear(LeafTable table, int index, int nr) {
            return BatchOps.ENTRY_WISE.clear(table, index, nr);
          }
        };
    fails("LAZY-17", good.withBatchOps(clinging), "");
  }

  @Test
  void stolenPagesThatAreStillUsed() {
    MmuVariant good = good("x86_64/4level");
    fails(
        "LAZY-17",
        good.withTlbRules(
            (oldRaw, newRaw, level) ->
                good.format().present(oldRaw, level) && !good.format().present(newRaw, level)
                    ? TlbDuty.NONE
                    : good.tlbRules().duty(oldRaw, newRaw, level)),
        "");
  }

  /** Once a table was protected for being shared, those that are made later are too. */
  @Test
  void newTablesThatNobodyMayWriteThrough() {
    MmuVariant good = good("x86_64/4level");
    boolean[] sharing = new boolean[1];
    PteFormat cautious =
        new FilterFormat(good.format()) {
          @Override
          public long wrProtectTable(long raw, Level level) {
            sharing[0] = true;
            return super.wrProtectTable(raw, level);
          }

          @Override
          public long mkTable(long tableAddr, Level level, TableOwner owner) {
            long raw = super.mkTable(tableAddr, level, owner);
            return sharing[0] ? super.wrProtectTable(raw, level) : raw;
          }
        };
    fails("LAZY-21", good.withFormat(cautious), "faults again after");
  }

  /** Entries that are protected one by one leave their runs. */
  @Test
  void copiesThatTakeRunsApart() {
    MmuVariant good = good("arm64/4k-va48");
    BatchOps oneByOne =
        new FilterBatchOps(good.batchOps()) {
          @Override
          public void wrProtect(LeafTable table, int index, int nr) {
            for (int i = index; i < index + nr; i++) {
              super.wrProtect(table, i, 1);
            }
          }
        };
    fails("LAZY-22", good.withBatchOps(oneByOne), "in runs");
  }

  /** Pages of a folio that differ in a mark which is each page's own. */
  @Test
  void copiesInBatchesOfOne() {
    BatchOps uneven =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public void set(LeafTable table, int index, int nr, long raw) {
            PteFormat format = table.format();
            long physAddr = format.physAddr(raw, Level.PTE);
            for (int i = 0; i < nr; i++) {
              long one = format.withPhysAddr(raw, physAddr + i * table.spanBytes(), Level.PTE);
              super.set(
                  table,
                  index + i,
                  1,
                  i % 2 == 0
                      ? format.mkSoftDirty(one, Level.PTE)
                      : format.clearSoftDirty(one, Level.PTE));
            }
          }
        };
    MmuVariant good = good("x86_64/4level");
    fails("LAZY-22", good.withBatchOps(uneven), "changes of folios of order 2");
    fails("FORK-10", good.withBatchOps(uneven), "changes of folios of order 2");
  }
}
