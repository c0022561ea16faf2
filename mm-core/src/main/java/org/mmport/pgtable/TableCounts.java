package org.mmport.pgtable;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;

/**
 * The tables that an address space has hooked.
 *
 * @param byLevel how many of each level, root first, roots among them; 0 of those that are folded
 * @param bytes what they hold as Linux counts it ({@code mm->pgtables_bytes}, {@code
 *     mm_inc_nr_puds}, {@code mm_inc_nr_pmds} and {@code mm_inc_nr_ptes} in include/linux/mm.h):
 *     entries times their bytes, whatever memory a table takes; nothing for roots, for P4D tables,
 *     which it does not count, and for levels that are folded
 */
public record TableCounts(List<Integer> byLevel, long bytes) {
  /** No table at all. */
  public static final TableCounts NONE =
      new TableCounts(Collections.nCopies(Level.values().length, 0), 0);

  public TableCounts {
    byLevel = List.copyOf(byLevel);
    if (byLevel.size() != Level.values().length) {
      throw new InvalidRequestException(
          "counts of %d levels: name all %d, folded ones too"
              .formatted(byLevel.size(), Level.values().length));
    }
  }

  /** How many there are of a level. */
  public int of(Level level) {
    return byLevel.get(level.ordinal());
  }

  /** How many there are of all levels. */
  public int total() {
    return byLevel.stream().mapToInt(Integer::intValue).sum();
  }

  @Override
  public String toString() {
    return "tables " + byLevel + ", " + bytes + " bytes";
  }

  /** Told of tables that are hooked, or with a negative count unhooked. */
  interface Counter {
    void add(Level level, int count);
  }

  /** Counts as tables are hooked and unhooked, and not when their memory comes and goes. */
  static final class Tally implements Counter {
    private final TableSpace space;
    private final int[] byLevel = new int[Level.values().length];

    Tally(TableSpace space) {
      this.space = space;
    }

    @Override
    public void add(Level level, int count) {
      byLevel[level.ordinal()] += count;
    }

    void clear() {
      Arrays.fill(byLevel, 0);
    }

    TableCounts counts() {
      long bytes = 0;
      for (Level level : List.of(Level.PUD, Level.PMD, Level.PTE)) {
        if (level != space.variant().geometry().rootLevel()) {
          bytes += (long) byLevel[level.ordinal()] * space.variant().geometry().tableBytes(level);
        }
      }
      return new TableCounts(Arrays.stream(byLevel).boxed().toList(), bytes);
    }
  }
}
