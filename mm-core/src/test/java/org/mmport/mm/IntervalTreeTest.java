package org.mmport.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IntervalTreeTest {
  private record Range(long first, long last, int name) {}

  @Test
  void agreesWithAList() {
    Random random = new Random(3);
    IntervalTree<Range> tree = new IntervalTree<>();
    List<Range> model = new ArrayList<>();
    for (int i = 0; i < 20_000; i++) {
      if (model.isEmpty() || random.nextInt(100) < 50 - model.size() / 20) {
        long first = random.nextInt(1_000);
        long length = random.nextInt(10) == 0 ? random.nextInt(1_000) : random.nextInt(10);
        Range range = new Range(first, first + length, random.nextInt(3));
        tree.add(range.first, range.last, range);
        model.add(range);
      } else {
        Range range = model.remove(random.nextInt(model.size()));
        tree.remove(range.first, range.last, range);
      }
      long first = random.nextLong(-50, 1_050);
      long last = first + random.nextInt(20);
      List<Range> expected =
          model.stream().filter(range -> range.first <= last && range.last >= first).toList();
      assertEquals(sorted(expected), sorted(tree.overlapping(first, last)));
      assertEquals(model.isEmpty(), tree.isEmpty());
    }
  }

  private static List<Range> sorted(List<Range> ranges) {
    return ranges.stream()
        .sorted(
            Comparator.comparingLong(Range::first)
                .thenComparingLong(Range::last)
                .thenComparingInt(Range::name))
        .toList();
  }

  @Test
  void whatWasNeverAddedCannotBeRemoved() {
    IntervalTree<Range> tree = new IntervalTree<>();
    Range range = new Range(1, 5, 0);
    tree.add(1, 5, range);
    String text =
        assertThrows(IllegalStateException.class, () -> tree.remove(1, 4, range)).getMessage();
    assertTrue(String.valueOf(text).contains("was never added"), text);
    tree.remove(1, 5, range);
    assertTrue(tree.isEmpty());
  }
}
