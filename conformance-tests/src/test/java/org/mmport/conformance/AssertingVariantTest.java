package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mmport.spi.EntryArray;
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

  /** A table of eight PMD entries. */
  private record Entries(List<Long> raw) implements EntryArray {
    static Entries empty() {
      return new Entries(new ArrayList<>(Collections.nCopies(8, 0L)));
    }

    @Override
    public Level level() {
      return Level.PMD;
    }

    @Override
    public int length() {
      return raw.size();
    }

    @Override
    public long get(int index) {
      return raw.get(index);
    }

    @Override
    public void set(int index, long value) {
      raw.set(index, value);
    }

    @Override
    public long getAndSet(int index, long value) {
      return raw.set(index, value);
    }
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

  @Test
  void runsAreSetWhereNothingIs() {
    Entries entries = Entries.empty();
    PteFormat format = ARM64.format();
    long leaf = format.mkLeaf(0, format.pgprot(Protection.PAGE_SHARED), Level.PMD);
    ARM64.batchOps().set(entries, 0, leaf, 4, SPAN, format);
    assertEquals(3 * SPAN, format.physAddr(entries.get(3), Level.PMD));
    refused(
        "only where nothing is present",
        () -> ARM64.batchOps().set(entries, 3, leaf, 2, SPAN, format));
    refused("a table has 8 entries", () -> ARM64.batchOps().set(entries, 7, leaf, 2, SPAN, format));
    refused("what one entry spans", () -> ARM64.batchOps().set(entries, 6, leaf, 1, 4096, format));
  }

  @Test
  void whatMustBeBrokenIsBroken() {
    Entries entries = Entries.empty();
    PteFormat format = ARM64.format();
    long leaf = format.mkLeaf(0, format.pgprot(Protection.PAGE_SHARED), Level.PMD);
    ARM64.batchOps().set(entries, 0, leaf, 1, SPAN, format);
    ARM64.batchOps().replace(entries, 0, format.wrProtect(leaf, Level.PMD), format);
    refused(
        "must be made invalid and flushed before",
        () -> ARM64.batchOps().replace(entries, 0, leaf | 3 << 2, format));
    long elsewhere = format.withPhysAddr(leaf, SPAN, Level.PMD);
    refused(
        "only a leaf that maps the same memory",
        () -> ARM64.batchOps().replace(entries, 0, elsewhere, format));
  }
}
