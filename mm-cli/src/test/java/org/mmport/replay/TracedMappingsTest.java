package org.mmport.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.mmport.mm.VmaRights;
import org.mmport.replay.TracedMappings.Range;

/** Ranges, beside an array of pages. */
class TracedMappingsTest {
  private static final long SEED = 20_261_121;
  private static final int PAGES = 24;
  private static final List<VmaRights> RIGHTS =
      List.of(VmaRights.NONE, VmaRights.READ, VmaRights.READ_WRITE, VmaRights.READ_EXEC);

  /** The last page is the last that there is, so that ranges end where addresses do. */
  private static long va(int page) {
    return (page - PAGES) * 4096L;
  }

  @Test
  void everyPageIsAsTheLastChangeLeftIt() {
    SplittableRandom random = new SplittableRandom(SEED);
    List<Optional<VmaRights>> model = new ArrayList<>();
    for (int i = 0; i < PAGES; i++) {
      model.add(Optional.empty());
    }
    TracedMappings mappings = new TracedMappings();
    for (int step = 0; step < 20_000; step++) {
      int first = random.nextInt(PAGES);
      int last = first + random.nextInt(PAGES - first);
      long firstVa = va(first);
      long lastVa = va(last) + 4095;
      VmaRights rights = RIGHTS.get(random.nextInt(RIGHTS.size()));
      int kind = random.nextInt(3);
      for (int i = first; i <= last; i++) {
        if (kind == 0 || (kind == 1 && model.get(i).isPresent())) {
          model.set(i, Optional.of(rights));
        } else if (kind == 2) {
          model.set(i, Optional.empty());
        }
      }
      switch (kind) {
        case 0 -> mappings.put(new Range(firstVa, lastVa, rights, false));
        case 1 -> mappings.protect(firstVa, lastVa, rights);
        default -> mappings.remove(firstVa, lastVa);
      }
      check(model, mappings, "seed " + SEED + " step " + step);
      checkHoles(model, mappings.copy(), first, last);
    }
  }

  private static void check(
      List<Optional<VmaRights>> model, TracedMappings mappings, String where) {
    for (int i = 0; i < PAGES; i++) {
      assertEquals(model.get(i), mappings.find(va(i) + 17).map(Range::rights), where);
    }
  }

  private static void checkHoles(
      List<Optional<VmaRights>> model, TracedMappings mappings, int first, int last) {
    int missing = 0;
    for (int i = first; i <= last; i++) {
      missing += model.get(i).isEmpty() ? 1 : 0;
    }
    long found =
        mappings.holes(va(first), va(last) + 4095).stream()
            .mapToLong(hole -> (hole[1] - hole[0] + 1) / 4096)
            .sum();
    assertEquals(missing, found);
    long mapped =
        mappings.in(va(first), va(last) + 4095).stream()
            .mapToLong(range -> (range.lastVa() - range.firstVa() + 1) / 4096)
            .sum();
    assertEquals(last - first + 1 - missing, mapped);
  }
}
