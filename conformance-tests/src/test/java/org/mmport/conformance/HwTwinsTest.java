package org.mmport.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mmport.conformance.qemu.HardwareJudge;

/** Ports with one thing wrong, which QEMU must notice; only where QEMU is installed. */
class HwTwinsTest {

  static Stream<Broken> twins() {
    return Stream.of(HwTwinsX64.all(), HwTwinsArm64.all(), HwTwinsPpc64.all())
        .flatMap(List::stream);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("twins")
  void failsAndSaysWhere(Broken twin) {
    Optional<HardwareJudge> judge = HardwareJudge.of(twin.variant());
    Assumptions.assumeTrue(judge.isPresent() && judge.get().isInstalled(), "QEMU not found");
    ClauseResult result =
        new VariantRun(twin.variant(), ConformanceSuite.DEFAULT_SEED, HardwareUse.REQUIRED)
            .run(ClauseCatalog.byId(twin.clauses().getFirst()));
    String reason = result.reason();
    assertEquals(ClauseOutcome.FAIL, result.outcome(), reason);
    assertTrue(reason.contains(twin.message()), reason);
    assertTrue(
        reason.matches(".* va=0x\\p{XDigit}{16} raw=0x\\p{XDigit}{16}: expected .*"), reason);
    String again = "; rerun: ./mmport conform " + twin.variant().id() + " --clause ";
    assertTrue(reason.contains(again), reason);
    assertEquals(1, reason.lines().count(), reason);
  }
}
