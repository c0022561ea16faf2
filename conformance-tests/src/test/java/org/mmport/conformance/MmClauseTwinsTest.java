package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import org.junit.jupiter.api.Test;
import org.mmport.cpu.CpuSet;
import org.mmport.spi.BatchOps;
import org.mmport.spi.LeafTable;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.TlbDuty;

/**
 * Variants with one thing wrong that clauses about processes must see by themselves. In the suite,
 * clauses that they rest on come first.
 */
class MmClauseTwinsTest {
  private static void fails(String clause, MmuVariant broken, String reason) {
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
  private static BatchOps cleaning() {
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

  @Test
  void oldPlacesThatAreNotForgotten() {
    fails(
        "MREMAP-01",
        Breaker.good("arm64/4k-va48").withTlbRules((oldRaw, newRaw, level) -> TlbDuty.NONE),
        "by a translation that it cached");
  }
}
