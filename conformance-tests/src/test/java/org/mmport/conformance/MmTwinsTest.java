package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.mmport.scenario.MmBench;
import org.mmport.scenario.ScenarioCheck;
import org.mmport.scenario.ScenarioCheck.Failure;
import org.mmport.scenario.Script;
import org.mmport.spi.BatchOps;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;

/** Variants with one thing wrong that processes must come to see, in few steps. */
class MmTwinsTest {
  private static final int FEW_STEPS = 10;

  private static void isSeen(MmuVariant broken, String reason) {
    ScenarioCheck check = new ScenarioCheck(() -> new MmBench(broken));
    Optional<Failure> failure = check.random(1, 3_000, 20).map(check::shrink);
    assertTrue(failure.isPresent(), "nothing was seen of it");
    Failure shrunk = failure.get();
    String steps = String.join("; ", Script.write(shrunk.steps()));
    assertTrue(shrunk.reason().contains(reason), shrunk.reason() + ": " + steps);
    assertTrue(shrunk.steps().size() <= FEW_STEPS, steps);
    assertTrue(check.run(shrunk.steps()).isPresent(), "does not fail again: " + steps);
  }

  @Test
  void pagesLeftWritableAtFork() {
    BatchOps lax =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public void wrProtect(LeafTable table, int index, int nr) {}
        };
    isSeen(Breaker.good("x86_64/4level").withBatchOps(lax), "is mapped 2 times, and writable");
  }

  @Test
  void flushesThatAreNeverOwed() {
    MmuVariant good = Breaker.good("x86_64/4level");
    isSeen(good.withTlbRules((oldRaw, newRaw, level) -> TlbDuty.NONE), "");
  }

  @Test
  void faultsThatGrantNothing() {
    BatchOps deaf =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public boolean setAccessFlags(LeafTable table, int index, long raw) {
            return false;
          }
        };
    isSeen(Breaker.good("ppc64/hash-4k").withBatchOps(deaf), "faults");
  }

  @Test
  void leavesThatStayWhenTheyAreCleared() {
    BatchOps sticky =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public long clear(LeafTable table, int index, int nr) {
            return table.get(index);
          }
        };
    isSeen(Breaker.good("arm64/16k-va47").withBatchOps(sticky), "");
  }

  @Test
  void swapEntriesThatStayExclusiveAtFork() {
    MmuVariant good = Breaker.good("x86_64/4level");
    PteFormat forgetful =
        new FilterFormat(good.format()) {
          @Override
          public long swapClearExclusive(long raw, Level level) {
            return raw;
          }
        };
    isSeen(good.withFormat(forgetful), "");
  }

  @Test
  void pagesThatAreForgottenToBeDirty() {
    MmuVariant good = Breaker.good("x86_64/4level");
    BatchOps forgetful =
        new FilterBatchOps(BatchOps.ENTRY_WISE) {
          @Override
          public long clear(LeafTable table, int index, int nr) {
            long old = super.clear(table, index, nr);
            return good.format().present(old, Level.PTE)
                ? good.format().mkClean(old, Level.PTE)
                : old;
          }
        };
    isSeen(good.withBatchOps(forgetful), "");
  }

  @Test
  void privatePagesThatAreWritableAtOnce() {
    MmuVariant good = Breaker.good("arm64/4k-va48");
    PteFormat eager =
        new FilterFormat(good.format()) {
          @Override
          public long pgprot(Protection protection) {
            return super.pgprot(
                new Protection(
                    protection.read(),
                    protection.write(),
                    protection.exec(),
                    true,
                    protection.owner(),
                    protection.memoryType(),
                    protection.key()));
          }
        };
    isSeen(good.withFormat(eager), "writable");
  }
}
