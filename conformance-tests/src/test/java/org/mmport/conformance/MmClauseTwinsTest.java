package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import org.junit.jupiter.api.Test;
import org.mmport.cpu.CpuSet;
import org.mmport.spi.BatchOps;
import org.mmport.spi.ContiguousRuns;
import org.mmport.spi.EntryArray;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.NaiveRuns;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/**
 * Variants with one thing wrong that clauses about processes must see by themselves. In the suite,
 * clauses that they rest on come first.
 */
class MmClauseTwinsTest {
  static void fails(String clause, MmuVariant broken, String reason) {
    ClauseInfo info = ClauseCatalog.byId(clause);
    try (ClauseContext context =
        new ClauseContext(info, broken, 1, HardwareUse.OFF, CpuSet::flusher)) {
      Throwable seen =
          assertThrows(
                  InvocationTargetException.class,
                  () -> info.method().invoke(null, context),
                  clause + " sees nothing")
              .getCause();
      assertTrue(String.valueOf(seen).contains(reason), String.valueOf(seen));
    }
  }

  /** Leaves that come clean when they are taken out. */
  static BatchOps cleaning() {
    return new FilterBatchOps(BatchOps.ENTRY_WISE) {
      @Override
      public long clear(LeafTable table, int index, int nr) {
        long old = super.clear(table, index, nr);
        return table.format().present(old, table.level())
            ? table.format().mkClean(old, table.level())
            : old;
      }
    };
  }

  @Test
  void movedLeavesThatComeClean() {
    fails(
        "MREMAP-03",
        Breaker.good("x86_64/4level").withBatchOps(cleaning()),
        "expected an old, dirty leaf");
  }

  /** Whoever locks memory must not be content with a page that cannot be written. */
  @Test
  void newLeavesThatMayNotBeWritten() {
    BatchOps readOnly =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public void set(LeafTable table, int index, int nr, long raw) {
            super.set(table, index, nr, table.format().wrProtect(raw, table.level()));
          }

          @Override
          public boolean setAccessFlags(LeafTable table, int index, long raw) {
            return true;
          }
        };
    fails("MLOCK-01", Breaker.good("x86/pae").withBatchOps(readOnly), "faults that were resolved");
  }

  /** Entries behind the first stay writable: neither fork nor child is safe from the parent. */
  @Test
  void batchesThatAreProtectedInPart() {
    BatchOps first =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public void wrProtect(LeafTable table, int index, int nr) {
            super.wrProtect(table, index, 1);
          }
        };
    fails("FORK-01", Breaker.good("x86_64/4level").withBatchOps(first), "and writable");
  }

  /** Then those behind a first entry that nobody may write by stay writable. */
  @Test
  void batchesOfWhichTheFirstIsLookedAt() {
    BatchOps first =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public void wrProtect(LeafTable table, int index, int nr) {
            if (table.format().write(table.get(index), table.level())) {
              super.wrProtect(table, index, nr);
            }
          }
        };
    fails("FORK-11", Breaker.good("x86_64/4level").withBatchOps(first), "and writable");
  }

  /** CPUs go on writing through what they remember of the entry above a table. */
  @Test
  void rightsOfTablesThatNobodyFlushes() {
    MmuVariant good = Breaker.good("x86_64/4level");
    TlbRules deaf =
        (oldRaw, newRaw, level) -> {
          boolean tables =
              level != Level.PTE
                  && good.format().valid(oldRaw, level)
                  && good.format().valid(newRaw, level)
                  && good.format().tableAddr(oldRaw, level)
                      == good.format().tableAddr(newRaw, level);
          return tables ? TlbDuty.NONE : good.tlbRules().duty(oldRaw, newRaw, level);
        };
    fails("LAZY-03", good.withTlbRules(deaf), "'cpu0 load b 39' to be 3");
  }

  /** The detail that the first design lacked: entries of a table that comes to be shared. */
  @Test
  void leavesThatStayWritableInSharedTables() {
    BatchOps lax =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public void wrProtect(LeafTable table, int index, int nr) {}
        };
    MmuVariant broken = Breaker.good("ppc64/radix-4k").withBatchOps(lax);
    fails("LAZY-02", broken, "can be written through a table that is shared");
    fails("LAZY-03", broken, "can be written through a table that is shared");
  }

  /** A table that takes the place of another, which CPUs remember. */
  @Test
  void copiesOfTablesThatNobodyFlushes() {
    MmuVariant good = Breaker.good("x86_64/4level");
    TlbRules deaf =
        (oldRaw, newRaw, level) -> {
          boolean replaced =
              level != Level.PTE
                  && good.format().valid(oldRaw, level)
                  && good.format().valid(newRaw, level)
                  && good.format().tableAddr(oldRaw, level)
                      != good.format().tableAddr(newRaw, level);
          return replaced ? TlbDuty.NONE : good.tlbRules().duty(oldRaw, newRaw, level);
        };
    fails("LAZY-07", good.withTlbRules(deaf), "");
  }

  /** Batches then go on over whatever is behind: holes, other rights, other folios' pages. */
  @Test
  void hintsThatPromiseTooMuch() {
    BatchOps generous =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public int hint(EntryArray table, int index) {
            return Math.min(16, table.length() - index);
          }
        };
    MmuVariant broken = Breaker.good("x86_64/4level").withBatchOps(generous);
    fails("BATCH-07", broken, "5 leaves with");
    fails("BATCH-08", broken, "3 leaves with another page");
    fails("FORK-01", broken, "");
  }

  /** The leaf behind is never the one that is looked for then. */
  @Test
  void stepsToTheWrongFrame() {
    MmuVariant good = Breaker.good("arm64/4k-va52");
    PteFormat low =
        new FilterFormat(good.format()) {
          @Override
          public long withPhysAddr(long raw, long physAddr, Level level) {
            long below48 = physAddr & ((1L << 48) - 1);
            return super.withPhysAddr(raw, below48, level);
          }
        };
    fails("BATCH-09", good.withFormat(low), "2 leaves with 2 asked for");
  }

  @Test
  void blocksThatAreTakenApartAtFork() {
    MmuVariant good = Breaker.good("arm64/4k-va48");
    BatchOps naive =
        new FilterBatchOps(good.batchOps()) {
          @Override
          public void wrProtect(LeafTable table, int index, int nr) {
            for (int i = index; i < index + nr; i++) {
              super.wrProtect(table, i, 1);
            }
          }
        };
    fails("FORK-06", good.withBatchOps(naive), "none taken apart");
  }

  @Test
  void batchesThatAreEmptiedInPart() {
    BatchOps first =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public long clear(LeafTable table, int index, int nr) {
            return super.clear(table, index, 1);
          }
        };
    fails("FORK-01", Breaker.good("x86/pae").withBatchOps(first), "");
  }

  @Test
  void oldPlacesThatAreNotForgotten() {
    fails(
        "MREMAP-01",
        Breaker.good("arm64/4k-va48").withTlbRules((oldRaw, newRaw, level) -> TlbDuty.NONE),
        "by a translation that it cached");
  }

  /** What was stored after would be taken for what nobody needs. */
  @Test
  void cleanEntriesThatNobodyFlushes() {
    MmuVariant good = Breaker.good("x86_64/4level");
    TlbRules deaf =
        (oldRaw, newRaw, level) ->
            level == Level.PTE && good.format().present(newRaw, level)
                ? TlbDuty.NONE
                : good.tlbRules().duty(oldRaw, newRaw, level);
    fails("MADV-02", good.withTlbRules(deaf), "4 pages dropped");
  }

  @Test
  void entriesThatStayDirtyWhenTheyAreFreed() {
    BatchOps oldOnly =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public void mkOldClean(LeafTable table, int index, int nr) {
            mkOld(table, index, nr);
          }
        };
    fails("MADV-01", Breaker.good("x86/pae").withBatchOps(oldOnly), "4 pages dropped");
  }

  /** What was written to a page goes with it. */
  @Test
  void writtenPagesThatComeOutClean() {
    fails("MADV-02", Breaker.good("arm64/4k-va48").withBatchOps(cleaning()), "4 pages dropped");
  }

  @Test
  void blocksOfWhichAPartIsFreed() {
    MmuVariant good = Breaker.good("arm64/4k-va48");
    BatchOps naive =
        new FilterBatchOps(good.batchOps()) {
          @Override
          public void mkOldClean(LeafTable table, int index, int nr) {
            for (int i = index; i < index + nr; i++) {
              isolate(table, i, 1);
              super.mkOldClean(table, i, 1);
            }
          }
        };
    fails("MADV-09", good.withBatchOps(naive), "entries in runs");
  }

  @Test
  void blocksThatAreTakenApartOnTheWay() {
    MmuVariant good = Breaker.good("arm64/16k-va47");
    MmuVariant naive = good.withBatchOps(new NaiveRuns((ContiguousRuns) good.batchOps()));
    fails("FORK-06", naive, "none taken apart");
    fails("RANGE-02", naive, "changed once");
    fails("RANGE-04", naive, "entries emptied");
  }

  /** Other rights for some, and the marks of one for all. */
  @Test
  void marksThatAreTakenFromTheFirst() {
    MmuVariant good = Breaker.good("x86_64/4level");
    PteFormat smearing =
        new FilterFormat(good.format()) {
          private long marks = -1;

          @Override
          public long modify(long raw, long pgprot, Level level) {
            marks = marks < 0 ? raw & marksOf(level) : marks;
            return super.modify((raw & ~marksOf(level)) | marks, pgprot, level);
          }

          private long marksOf(Level level) {
            long raw = mkLeaf(0, pgprot(Protection.PAGE_COPY), level);
            long marked = mkDirty(mkYoung(raw, level), level);
            return marked ^ mkClean(mkOld(raw, level), level);
          }
        };
    fails("RANGE-03", good.withFormat(smearing), "-");
  }

  /** Neither parent nor child knows the page to be the other's too. */
  @Test
  void pagesThatComeBackAsOnesOwn() {
    MmuVariant good = Breaker.good("x86_64/4level");
    PteFormat greedy =
        new FilterFormat(good.format()) {
          @Override
          public boolean swapExclusive(long raw, Level level) {
            return true;
          }
        };
    fails("SWAP-05", good.withFormat(greedy), "");
  }

  @Test
  void pagesThatComeBackAsNobodysOwn() {
    MmuVariant good = Breaker.good("ppc64/radix-4k");
    PteFormat humble =
        new FilterFormat(good.format()) {
          @Override
          public long swapMkExclusive(long raw, Level level) {
            return raw;
          }
        };
    fails("SWAP-08", good.withFormat(humble), "a page of its own");
  }

  @Test
  void pagesThatComeBackYoung() {
    MmuVariant good = Breaker.good("arm64/4k-va48");
    PteFormat young =
        new FilterFormat(good.format()) {
          @Override
          public long mkOld(long raw, Level level) {
            return raw;
          }
        };
    fails("SWAP-08", good.withFormat(young), "");
  }

  /** Nobody knows that it was written, and it is taken for zero. */
  @Test
  void sharedPagesThatComeOutClean() {
    fails("RECLAIM-08", Breaker.good("x86/2level").withBatchOps(cleaning()), "2 pages written");
  }

  /** What is stored after the page was written to swap is lost. */
  @Test
  void sharedPagesThatNobodyForgets() {
    MmuVariant good = Breaker.good("ppc64/radix-64k");
    TlbRules deaf =
        (oldRaw, newRaw, level) ->
            good.format().none(newRaw, level)
                ? TlbDuty.NONE
                : good.tlbRules().duty(oldRaw, newRaw, level);
    fails("RECLAIM-08", good.withTlbRules(deaf), "");
  }
}
