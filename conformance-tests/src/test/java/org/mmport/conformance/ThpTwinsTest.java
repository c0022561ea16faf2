package org.mmport.conformance;

import org.junit.jupiter.api.Test;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/** Variants with one thing wrong about huge leaves, each seen by a clause of area THP. */
class ThpTwinsTest {
  private static void fails(String clause, MmuVariant broken, String reason) {
    MmClauseTwinsTest.fails(clause, broken, reason);
  }

  private interface Piece {
    long of(PteFormat format, long piece);
  }

  /** Splits come out other than they are. */
  private static MmuVariant splitting(String id, Piece piece) {
    MmuVariant good = Breaker.good(id);
    PteFormat broken =
        new FilterFormat(good.format()) {
          @Override
          public long splitLeaf(long raw, Level level, Level lower) {
            return piece.of(good.format(), super.splitLeaf(raw, level, lower));
          }
        };
    return good.withFormat(broken);
  }

  /** Reclaim believes that swap has the pages, and what was written to them is gone. */
  @Test
  void piecesThatComeClean() {
    MmuVariant broken =
        splitting("x86_64/4level", (format, piece) -> format.mkClean(piece, Level.PTE));
    fails("THP-05", broken, "the marks and rights");
    fails("THP-23", broken, "20 pages in swap");
  }

  @Test
  void piecesThatComeOldOrReadOnly() {
    fails(
        "THP-05",
        splitting("arm64/4k-va48", (format, piece) -> format.mkOld(piece, Level.PTE)),
        "the marks and rights");
    fails(
        "THP-05",
        splitting("ppc64/radix-64k", (format, piece) -> format.wrProtect(piece, Level.PTE)),
        "the marks and rights");
  }

  @Test
  void piecesThatLoseSoftDirty() {
    fails(
        "THP-05",
        splitting("x86_64/4level", (format, piece) -> format.clearSoftDirty(piece, Level.PTE)),
        "soft-dirty as before");
  }

  /** Parent and child then write one page. */
  @Test
  void hugeLeavesThatStayWritableAtFork() {
    FilterBatchOps lax =
        new FilterBatchOps(Breaker.good("x86/pae").batchOps()) {
          @Override
          public void wrProtect(LeafTable table, int index, int nr) {
            if (table.level() == Level.PTE) {
              super.wrProtect(table, index, nr);
            }
          }
        };
    fails("THP-20", Breaker.good("x86/pae").withBatchOps(lax), "writable by one leaf");
  }

  @Test
  void hugeLeavesThatStayYoung() {
    FilterBatchOps deaf =
        new FilterBatchOps(Breaker.good("x86/2level").batchOps()) {
          @Override
          public boolean mkOld(LeafTable table, int index, int nr) {
            return table.level() == Level.PTE && super.mkOld(table, index, nr);
          }
        };
    fails("THP-24", Breaker.good("x86/2level").withBatchOps(deaf), "an old leaf");
  }

  /** What a CPU remembers of a huge leaf outlives it. */
  @Test
  void hugeLeavesThatNobodyFlushes() {
    MmuVariant good = Breaker.good("x86_64/la57");
    PteFormat format = good.format();
    TlbRules deaf =
        (oldRaw, newRaw, level) ->
            level == Level.PMD && format.present(oldRaw, level) && format.leaf(oldRaw, level)
                ? TlbDuty.NONE
                : good.tlbRules().duty(oldRaw, newRaw, level);
    fails("THP-06", good.withTlbRules(deaf), "");
  }

  /** A CPU goes on with the pages that were copied. */
  @Test
  void tablesThatNobodyForgetsAtCollapse() {
    MmuVariant good = Breaker.good("ppc64/radix-64k");
    TlbRules deaf =
        (oldRaw, newRaw, level) ->
            good.format().none(newRaw, level)
                ? TlbDuty.NONE
                : good.tlbRules().duty(oldRaw, newRaw, level);
    fails("THP-25", good.withTlbRules(deaf), "");
  }
}
