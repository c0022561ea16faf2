package org.mmport.cpu;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a CPU's caches may point into. */
class FrameHintsTest {
  private static final int PAGE_SHIFT = 12;
  private static final long PAGE = 1L << PAGE_SHIFT;

  /** Beside a list of what was added: whatever a range has of that is never denied. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void neverSaysNoWhereTheTruthIsYes(long seed) {
    Random random = new Random(seed);
    FrameHints hints = new FrameHints(PAGE_SHIFT);
    List<Long> pointedTo = new ArrayList<>();
    int yes = 0;
    for (int i = 0; i < 20_000; i++) {
      if (pointedTo.size() < 8 || random.nextInt(3) == 0) {
        long physAddr = random.nextInt(1 << 20) * PAGE;
        pointedTo.add(physAddr);
        hints.add(physAddr, PAGE);
      } else if (pointedTo.size() > 12) {
        hints.remove(pointedTo.remove(random.nextInt(pointedTo.size())), PAGE);
      }
      long near = pointedTo.get(random.nextInt(pointedTo.size())) / PAGE;
      long first = Math.max(0, near - random.nextInt(1 << 9));
      long pages = 1L + random.nextInt(1 << random.nextInt(12));
      boolean any =
          pointedTo.stream().anyMatch(at -> at >= first * PAGE && at < (first + pages) * PAGE);
      yes += any ? 1 : 0;
      assertTrue(!any || hints.mayPointInto(first * PAGE, pages * PAGE), first + ", " + pages);
      while (pointedTo.size() > 12) {
        hints.remove(pointedTo.removeLast(), PAGE);
      }
    }
    assertTrue(yes > 500, "ranges with any: " + yes);
  }

  /** Else nothing would be gained by them. */
  @Test
  void saysNoOfMemoryThatNothingPointsNear() {
    FrameHints hints = new FrameHints(PAGE_SHIFT);
    assertFalse(hints.mayPointInto(0, 1L << 40));
    hints.add(100 * PAGE, PAGE);
    assertTrue(hints.mayPointInto(100 * PAGE, PAGE));
    assertFalse(hints.mayPointInto(0, 100 * PAGE));
    assertFalse(hints.mayPointInto(101 * PAGE, 1000 * PAGE));
    hints.remove(100 * PAGE, PAGE);
    assertFalse(hints.mayPointInto(0, 1L << 40));
    hints.add(512 * PAGE, 512 * PAGE);
    assertTrue(hints.mayPointInto(0, PAGE), "what is larger than a page is not counted by place");
    hints.remove(512 * PAGE, 512 * PAGE);
    assertFalse(hints.mayPointInto(0, PAGE));
  }
}
