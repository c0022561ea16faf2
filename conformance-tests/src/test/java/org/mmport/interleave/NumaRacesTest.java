package org.mmport.interleave;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.TlbDuty;

/** Every order with at most two preemptions. */
class NumaRacesTest {
  private static final int PREEMPTIONS = 2;
  private static final long MAX_SCHEDULES = 20_000;

  private static void isRight(Program program) {
    Exploration found = new Explorer(program, MAX_SCHEDULES).upTo(PREEMPTIONS);
    assertEquals(Optional.empty(), found.failure().map(Failure::toString));
    assertTrue(found.complete(), found.toString());
    assertTrue(found.shared() > 0, "hardly anything met: " + found);
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64/4level", "x86/pae", "arm64/4k-va48", "ppc64/radix-64k"})
  void aStoreMeetsAHintThatIsGiven(String id) {
    isRight(NumaRaces.storeAgainstHint(Races.variant(id)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64/4level", "x86/pae", "arm64/4k-va48", "ppc64/hash-4k"})
  void twoCpusMeetAHint(String id) {
    isRight(NumaRaces.twoMeetAHint(Races.variant(id)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"x86_64/4level", "ppc64/radix-64k"})
  void aForkMeetsAPageThatMoves(String id) {
    isRight(NumaRaces.moveAgainstFork(Races.variant(id)));
  }

  @Test
  void hintsThatNobodyFlushesAreNotMet() {
    MmuVariant good = Races.variant("x86_64/4level");
    MmuVariant broken =
        good.withTlbRules(
            (oldRaw, newRaw, level) ->
                good.format().protnone(newRaw, level)
                    ? TlbDuty.NONE
                    : good.tlbRules().duty(oldRaw, newRaw, level));
    Exploration found =
        new Explorer(NumaRaces.storeAgainstHint(broken), MAX_SCHEDULES).upTo(PREEMPTIONS);
    assertTrue(found.failure().orElseThrow().reason().contains("has not met it"), found.toString());
  }
}
