package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mmport.pgtable.FolioBounds;
import org.mmport.spi.BatchOps;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/** The core calls every port as the SPI says; and who does not is told so. */
@Execution(ExecutionMode.CONCURRENT)
class AssertingVariantTest {
  private static final MmuVariant ARM64 = AssertingVariant.of(Breaker.good("arm64/16k-va47"));
  private static final long SPAN = 1L << 25;

  static List<MmuVariant> variants() {
    return ConformanceSuite.variants();
  }

  @ParameterizedTest
  @MethodSource("variants")
  void theCoreKeepsTheProtocol(MmuVariant variant) {
    List<ClauseResult> results =
        ConformanceSuite.run(
            List.of(AssertingVariant.of(variant)),
            new ClauseSelection(List.of(), List.of("FOLD", "WALK", "MAP", "FLUSH")),
            ConformanceSuite.DEFAULT_SEED,
            result -> {});
    assertTrue(results.stream().anyMatch(r -> r.outcome() == ClauseOutcome.PASS));
    assertEquals(
        List.of(),
        results.stream()
            .filter(result -> result.outcome() == ClauseOutcome.FAIL)
            .map(ClauseResult::reason)
            .toList());
  }

  private static void refused(String message, Runnable call) {
    CallProtocolException refusal = assertThrows(CallProtocolException.class, call::run);
    assertTrue(String.valueOf(refusal.getMessage()).contains(message), refusal.getMessage());
  }

  @Test
  void foldedLevelsAreNotPopulated() {
    PteFormat format = ARM64.format();
    refused("none at PUD, 0x3: the level is folded", () -> format.none(3, Level.PUD));
    refused(
        "mkTable at P4D, 0x4000: the level is folded",
        () -> format.mkTable(0x4000, Level.P4D, TableOwner.USER));
    refused("duty at PUD, 0x3", () -> ARM64.tlbRules().duty(3, 0, Level.PUD));
  }

  @Test
  void wordsAreAskedOfWhatTheyAreFor() {
    PteFormat format = ARM64.format();
    long pgprot = format.pgprot(Protection.PAGE_SHARED);
    long leaf = format.mkLeaf(SPAN, pgprot, Level.PMD);
    long table = format.mkTable(0x4000, Level.PMD, TableOwner.USER);
    refused("asked of valid entries only", () -> format.rights(0, Level.PTE));
    refused("the entry is a leaf", () -> format.tableAddr(leaf, Level.PMD));
    refused("asked of present leaves only", () -> format.physAddr(table, Level.PMD));
    refused("asked of present leaves only", () -> format.modify(0, pgprot, Level.PTE));
    refused("the level has no leaves", () -> format.mkLeaf(0, pgprot, Level.PGD));
    refused("aligned to the span", () -> format.mkLeaf(0x4000, pgprot, Level.PMD));
    refused("one that entries hold", () -> format.mkLeaf(1L << 48, pgprot, Level.PTE));
    refused("must have leaves and lie below", () -> format.splitLeaf(leaf, Level.PMD, Level.PMD));
    refused("a multiple of 16384", () -> format.mkTable(0x1000, Level.PMD, TableOwner.USER));
  }

  private static BatchTable table() {
    return new BatchTable(ARM64, Level.PMD, TableOwner.USER, FolioBounds.UNKNOWN);
  }

  @Test
  void runsAreSetWhereNothingIs() {
    BatchTable table = table();
    BatchOps ops = ARM64.batchOps();
    PteFormat format = ARM64.format();
    long leaf = format.mkLeaf(0, format.pgprot(Protection.PAGE_SHARED), Level.PMD);
    ops.set(table, 0, 4, leaf);
    assertEquals(3 * SPAN, format.physAddr(table.get(3), Level.PMD));
    refused("only where nothing is present", () -> ops.set(table, 3, 2, leaf));
    refused("a table has 2048 entries", () -> ops.set(table, 2047, 2, leaf));
    refused("a table has 2048 entries", () -> ops.isolate(table, -1, 2));
  }

  @Test
  void whatMustBeBrokenIsBroken() {
    BatchTable table = table();
    BatchOps ops = ARM64.batchOps();
    PteFormat format = ARM64.format();
    long leaf = format.mkLeaf(0, format.pgprot(Protection.PAGE_SHARED), Level.PMD);
    ops.set(table, 0, 1, leaf);
    assertEquals(1, ops.replace(table, 0, 1, leaf, format.wrProtect(leaf, Level.PMD)));
    refused(
        "must be made invalid and flushed before",
        () -> ops.replace(table, 0, 1, leaf, leaf | 3 << 2));
    long elsewhere = format.withPhysAddr(leaf, SPAN, Level.PMD);
    refused(
        "only a leaf that maps the same memory", () -> ops.replace(table, 0, 1, leaf, elsewhere));
  }

  @Test
  void whatIsCachedAsOneChangesAsOne() {
    BatchTable table = table();
    BatchOps ops = ARM64.batchOps();
    PteFormat format = ARM64.format();
    ops.set(table, 0, 32, format.mkLeaf(0, format.pgprot(Protection.PAGE_SHARED), Level.PMD));
    long member = table.get(0);
    long changed = format.wrProtect(member, Level.PMD);
    refused("a part of what is cached as one", () -> ops.replace(table, 0, 8, member, changed));
    assertEquals(32, ops.replace(table, 0, 32, member, changed));
  }
}
