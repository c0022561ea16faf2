package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.NumaHints;
import org.mmport.mm.VmaRights;
import org.mmport.scenario.MmBench;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/** Variants with one thing wrong about NUMA hints, each seen by a clause of area NUMA. */
class NumaTwinsTest {
  private static void fails(String clause, MmuVariant broken, String reason) {
    MmClauseTwinsTest.fails(clause, broken, reason);
  }

  /** CPUs go on with what they remember, and nobody is told who uses the page. */
  private static MmuVariant deafTo(String id) {
    MmuVariant good = Breaker.good(id);
    TlbRules deaf =
        (oldRaw, newRaw, level) ->
            good.format().protnone(newRaw, level)
                ? TlbDuty.NONE
                : good.tlbRules().duty(oldRaw, newRaw, level);
    return good.withTlbRules(deaf);
  }

  @Test
  void hintsThatNobodyFlushes() {
    fails("NUMA-01", deafTo("x86_64/4level"), "3 hint faults, 2 local");
    fails("NUMA-01", deafTo("ppc64/radix-4k"), "3 hint faults, 2 local");
    fails("NUMA-05", deafTo("x86_64/4level"), "");
    fails("NUMA-08", deafTo("arm64/4k-va48"), "one fault");
  }

  private interface Change {
    long of(PteFormat format, long raw, Level level);
  }

  private static MmuVariant modifying(String id, Change change) {
    MmuVariant good = Breaker.good(id);
    PteFormat broken =
        new FilterFormat(good.format()) {
          @Override
          public long modify(long raw, long pgprot, Level level) {
            return change.of(good.format(), super.modify(raw, pgprot, level), level);
          }
        };
    return good.withFormat(broken);
  }

  /** What was written to a page is lost when it leaves memory. */
  @Test
  void hintsThatForgetDirty() {
    fails("NUMA-01", modifying("x86/pae", PteFormat::mkClean), "frame and marks of");
  }

  @Test
  void hintsThatForgetYoung() {
    fails("NUMA-01", modifying("arm64/16k-va47", PteFormat::mkOld), "frame and marks of");
  }

  /** A page that a child has too is written as it is. */
  @Test
  void rightsThatComeBackWithMore() {
    MmuVariant good = Breaker.good("x86_64/la57");
    PteFormat generous =
        new FilterFormat(good.format()) {
          @Override
          public long mkYoung(long raw, Level level) {
            return super.mkWrite(super.mkYoung(raw, level), level);
          }
        };
    fails("NUMA-03", good.withFormat(generous), "");
  }

  @Test
  void blocksThatAreTakenApart() {
    MmuVariant good = Breaker.good("arm64/4k-va48");
    FilterBatchOps naive =
        new FilterBatchOps(good.batchOps()) {
          @Override
          public int replace(LeafTable table, int index, int nr, long old, long raw) {
            isolate(table, index, 1);
            return super.replace(table, index, 1, table.get(index), raw);
          }
        };
    fails("NUMA-07", good.withBatchOps(naive), "entries in runs with hints");
  }

  /** Nothing would tell such an entry from one that is not there. */
  @Test
  void variantsWithoutProtnoneAreRefused() {
    MmuVariant good = Breaker.good("x86_64/4level");
    PteFormat without =
        new FilterFormat(good.format()) {
          @Override
          public boolean protnone(long raw, Level level) {
            return false;
          }
        };
    try (MmBench bench = new MmBench(good.withFormat(without))) {
      AddressSpace space = bench.system().create();
      long page = good.geometry().pageBytes();
      long va = space.mmap(MmapRequest.anonymous(page, VmaRights.READ_WRITE));
      InvalidRequestException refusal =
          assertThrows(InvalidRequestException.class, () -> new NumaHints(space).change(va, page));
      assertTrue(String.valueOf(refusal.getMessage()).contains("use a variant that has PROT_NONE"));
    }
  }
}
