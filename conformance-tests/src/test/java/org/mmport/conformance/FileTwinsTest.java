package org.mmport.conformance;

import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.mmport.spi.BatchOps;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/**
 * Variants with one thing wrong about folios of files, each seen by a clause of area FOLIO or THP.
 *
 * <p>Where a folio lies in its file, and which of its pages the cache has, are said by {@code
 * FilePages} and {@code CachedPages} alone, which no port can break.
 */
class FileTwinsTest {
  private static void fails(String clause, MmuVariant broken, String reason) {
    MmClauseTwinsTest.fails(clause, broken, reason);
  }

  /** Leaves of some levels come clean when they are taken out. */
  private static MmuVariant cleaning(String id) {
    return Breaker.good(id).withBatchOps(MmClauseTwinsTest.cleaning());
  }

  /** CPUs keep what is taken out, of some levels. */
  private static MmuVariant deafTo(String id, Predicate<Level> levels) {
    MmuVariant good = Breaker.good(id);
    PteFormat format = good.format();
    TlbRules deaf =
        (oldRaw, newRaw, level) ->
            levels.test(level) && format.present(oldRaw, level) && format.leaf(oldRaw, level)
                ? TlbDuty.NONE
                : good.tlbRules().duty(oldRaw, newRaw, level);
    return good.withTlbRules(deaf);
  }

  /** CPUs go on storing by what they know of a leaf of some levels that was cleaned. */
  private static MmuVariant storingOn(String id, Predicate<Level> levels) {
    MmuVariant good = Breaker.good(id);
    PteFormat format = good.format();
    TlbRules deaf =
        (oldRaw, newRaw, level) ->
            levels.test(level) && format.present(newRaw, level) && format.leaf(newRaw, level)
                ? TlbDuty.NONE
                : good.tlbRules().duty(oldRaw, newRaw, level);
    return good.withTlbRules(deaf);
  }

  private static boolean isLast(Level level) {
    return level == Level.PTE;
  }

  private static boolean isAbove(Level level) {
    return level != Level.PTE;
  }

  // Of the last level.

  /** What was stored to a page of shared memory does not come back from swap. */
  @Test
  void storesThatAreForgottenWhenPagesLeave() {
    fails("FOLIO-07", cleaning("x86_64/4level"), "'cpu0 load a 33' to be 3");
    fails("FOLIO-11", cleaning("arm64/16k-va47"), "16 pages in swap");
  }

  @Test
  void batchesOfWhichOnlyTheFirstIsMapped() {
    MmuVariant good = Breaker.good("x86_64/4level");
    BatchOps first =
        new FilterBatchOps(good.batchOps()) {
          @Override
          public void set(LeafTable table, int index, int nr, long raw) {
            super.set(table, index, 1, raw);
          }
        };
    fails("FOLIO-08", good.withBatchOps(first), "all sound");
  }

  /** Every entry is alone, where hardware could cache them together. */
  @Test
  void foliosThatAreMappedPageByPage() {
    MmuVariant good = Breaker.good("arm64/4k-va48");
    BatchOps single =
        new FilterBatchOps(good.batchOps()) {
          @Override
          public void set(LeafTable table, int index, int nr, long raw) {
            BatchOps.ENTRY_WISE.set(table, index, nr, raw);
          }
        };
    fails("FOLIO-08", good.withBatchOps(single), "32 entries cached together");
  }

  @Test
  void entriesThatAreStoredThroughAfterWriteback() {
    fails(
        "FOLIO-09",
        storingOn("x86_64/4level", FileTwinsTest::isLast),
        "16 pages written back after");
  }

  @Test
  void writebackThatLeavesEntriesDirty() {
    MmuVariant good = Breaker.good("x86_64/la57");
    BatchOps deaf =
        new FilterBatchOps(good.batchOps()) {
          @Override
          public void mkClean(LeafTable table, int index, int nr) {}
        };
    fails("FOLIO-09", good.withBatchOps(deaf), "pages written back");
  }

  /** A CPU goes on with what was cut off. */
  @Test
  void pagesThatCpusFindBehindTheEnd() {
    fails("FOLIO-10", deafTo("arm64/4k-va48", FileTwinsTest::isLast), "flush before freeing");
  }

  /** Whoever copies a table permits what was kept from both. */
  @Test
  void entriesThatAreWritableOnceTheyAreCopied() {
    MmuVariant good = Breaker.good("x86_64/4level");
    BatchOps generous =
        new FilterBatchOps(good.batchOps()) {
          @Override
          public void set(LeafTable table, int index, int nr, long raw) {
            boolean several = nr > 1;
            super.set(table, index, nr, several ? table.format().mkWrite(raw, table.level()) : raw);
          }
        };
    fails("FOLIO-12", good.withBatchOps(generous), "to be writable: false");
  }

  // Above it.

  /** {@code maybe_pmd_mkwrite()} forgotten: the store faults for ever. */
  @Test
  void leavesThatAreNeverWritable() {
    MmuVariant good = Breaker.good("ppc64/radix-64k");
    BatchOps readOnly =
        new FilterBatchOps(good.batchOps()) {
          @Override
          public void set(LeafTable table, int index, int nr, long raw) {
            boolean above = isAbove(table.level());
            super.set(table, index, nr, above ? table.format().wrProtect(raw, table.level()) : raw);
          }

          @Override
          public boolean setAccessFlags(LeafTable table, int index, long raw) {
            return isAbove(table.level()) || super.setAccessFlags(table, index, raw);
          }
        };
    fails("THP-31", good.withBatchOps(readOnly), "faults that were resolved");
  }

  /** Its own store is not there: the CPU reads on by the leaf of the file. */
  @Test
  void leavesThatNobodyForgets() {
    MmuVariant deaf = deafTo("x86_64/4level", FileTwinsTest::isAbove);
    fails("THP-32", deaf, "'cpu1 load a 21' to be 5");
    fails("THP-35", deaf, "flush before freeing");
    fails("THP-37", deaf, "no access by a leaf where a table is");
  }

  /** Who maps the pages that became one stores to what they were. */
  @Test
  void pagesThatCpusFindOnceTheyAreCopied() {
    fails("THP-38", deafTo("x86_64/4level", FileTwinsTest::isLast), "flush before freeing");
  }

  /** What was stored before the pages became one does not reach the file. */
  @Test
  void pagesThatComeClean() {
    fails("THP-38", cleaning("x86/pae"), "'cpu0 load a 21' to be 1");
    fails("THP-40", cleaning("x86/pae"), "TOO_MANY_SWAPPED");
  }

  @Test
  void leavesThatAreStoredThroughAfterWriteback() {
    fails("THP-33", storingOn("x86_64/4level", FileTwinsTest::isAbove), "after another store");
  }

  @Test
  void leavesThatComeClean() {
    fails("THP-34", cleaning("x86/pae"), "pages written back after a leaf");
  }
}
