package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mmport.conformance.qemu.HardwareJudge;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/** Ports with one thing wrong, which QEMU must notice; only where QEMU is installed. */
class HwTwinsTest {

  record Twin(String name, MmuVariant variant, String clause, String message) {
    @Override
    public String toString() {
      return clause + " " + name;
    }
  }

  static List<Twin> twins() {
    return List.of(
        format(
            "2M leaves are taken for 4M",
            "HW-01",
            "expected 0x",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long physAddr(long raw, Level level) {
                    return in.physAddr(raw, level) & (level == Level.PMD ? -1L << 22 : -1L);
                  }
                }),
        format(
            "G is read where SPECIAL is",
            "HW-02",
            "expected 0x",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean global(long raw, Level level) {
                    return in.special(raw, level);
                  }
                }),
        format(
            "execute disable is read from bit 62",
            "HW-03",
            "fetch: ",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    return in.rights((raw << 1 & 1L << 63) | (raw & Long.MAX_VALUE), level);
                  }
                }),
        format(
            "tables leave user rights whatever they say",
            "HW-03",
            "(permission), found ",
            in ->
                new FilterFormat(in) {
                  @Override
                  public int rights(long raw, Level level) {
                    return in.rights(in.leaf(raw, level) ? raw : raw | 4, level);
                  }
                }),
        format(
            "PS in a PML4 entry is ignored",
            "HW-03",
            "found #PF error ",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long reserved(long raw, Level level) {
                    return level == Level.PGD ? 0 : in.reserved(raw, level);
                  }
                }),
        format(
            "dirty is read from the PAT bit",
            "HW-04",
            "expected dirty after a write, found clean",
            in ->
                new FilterFormat(in) {
                  @Override
                  public boolean dirty(long raw, Level level) {
                    return (raw & 1L << 7) != 0;
                  }
                }),
        rules("nothing is ever flushed", "HW-05", (o, n, l) -> TlbDuty.NONE),
        rules("nothing is ever flushed, by the core", "HW-06", (o, n, l) -> TlbDuty.NONE),
        rules(
            "leaves above PTE are not flushed",
            "HW-05",
            (o, n, l) -> {
              TlbDuty duty = good().tlbRules().duty(o, n, l);
              return l != Level.PTE && duty.scope() == FlushScope.LEAF ? TlbDuty.NONE : duty;
            }),
        format(
            "mappings are never made executable",
            "HW-06",
            "fetch after ",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long pgprot(Protection protection) {
                    return in.pgprot(protection) | 1L << 63;
                  }
                }),
        format(
            "kernel pages are made user pages",
            "HW-06",
            "user ",
            in ->
                new FilterFormat(in) {
                  @Override
                  public long mkLeaf(long physAddr, long pgprot, Level level) {
                    return in.mkLeaf(physAddr, pgprot | 4, level);
                  }

                  @Override
                  public int rights(long raw, Level level) {
                    return in.rights(raw, level) & ~Rights.USER;
                  }
                }));
  }

  private interface Breaker {
    PteFormat of(PteFormat good);
  }

  private static MmuVariant good() {
    return ConformanceSuite.variants().stream()
        .filter(variant -> variant.id().equals("x86_64/4level"))
        .findFirst()
        .orElseThrow();
  }

  private static Twin format(String name, String clause, String message, Breaker breaker) {
    return new Twin(name, good().withFormat(breaker.of(good().format())), clause, message);
  }

  private static Twin rules(String name, String clause, TlbRules rules) {
    return new Twin(name, good().withTlbRules(rules), clause, "expected ");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("twins")
  void failsAndSaysWhere(Twin twin) {
    Optional<HardwareJudge> judge = HardwareJudge.of(twin.variant);
    Assumptions.assumeTrue(judge.isPresent() && judge.get().isInstalled(), "QEMU not found");
    ClauseResult result =
        new VariantRun(twin.variant, ConformanceSuite.DEFAULT_SEED, HardwareUse.REQUIRED)
            .run(ClauseCatalog.byId(twin.clause));
    String reason = result.reason();
    assertEquals(ClauseOutcome.FAIL, result.outcome(), reason);
    assertTrue(reason.contains(twin.message), reason);
    assertTrue(
        reason.matches(".* va=0x\\p{XDigit}{16} raw=0x\\p{XDigit}{16}: expected .*"), reason);
    assertTrue(reason.contains("; rerun: ./mmport conform x86_64/4level --clause "), reason);
    assertEquals(1, reason.lines().count(), reason);
  }
}
