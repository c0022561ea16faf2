package org.mmport.interleave;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Every order with at most two preemptions, on the variant whose huge pages are the smallest. */
class HugeRacesTest {
  private static final int PREEMPTIONS = 2;
  private static final long MAX_SCHEDULES = 20_000;
  private static final String VARIANT = "ppc64/radix-64k";

  private static void isRight(Program program) {
    Exploration found = new Explorer(program, MAX_SCHEDULES).upTo(PREEMPTIONS);
    assertEquals(Optional.empty(), found.failure().map(Failure::toString));
    assertTrue(found.complete(), found.toString());
    assertTrue(found.schedules() >= 20 && found.shared() > 0, "hardly anything met: " + found);
  }

  @Test
  void aStoreMeetsACollapse() {
    isRight(HugeRaces.storeAgainstCollapse(Races.variant(VARIANT)));
  }

  @Test
  void aStoreMeetsASplit() {
    isRight(HugeRaces.storeAgainstSplit(Races.variant(VARIANT)));
  }

  @Test
  void aStoreMeetsAFork() {
    isRight(HugeRaces.storeAgainstFork(Races.variant(VARIANT)));
  }
}
