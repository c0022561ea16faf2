package org.mmport.fork;

import java.util.ArrayList;
import java.util.List;
import org.mmport.mm.Fork;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.Vma;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;

/**
 * Has a child use its parent's tables, and copies only those above them (R3.2). Either copies a
 * table when it first changes anything in it. Where a table may not be shared, those below it are,
 * and at last its entries are copied as {@link BatchedCopy} does.
 *
 * @param largest the level of tables to share, or the next one below that the variant has; roots
 *     are never shared, and where there is nothing else, entries are copied
 */
public record LazyCopy(String name, Level largest) implements ForkStrategy {
  /** Shares PTE tables. */
  public static final ForkStrategy PTE_TABLES = new LazyCopy("lazy", Level.PTE);

  /** Shares PMD tables, and so every PTE table below them. */
  public static final ForkStrategy PMD_TABLES = new LazyCopy("lazy-pmd", Level.PMD);

  /** Shares all that is below the root: copies the page directory alone. */
  public static final ForkStrategy ALL_TABLES = new LazyCopy("lazy-all", Level.PGD);

  @Override
  public void copy(Fork fork) {
    List<Vma> copied = fork.privateVmas();
    PagingGeometry geometry = fork.variant().geometry();
    if (geometry.rootLevel() == Level.PTE) {
      BatchedCopy.copy(fork, copied);
      return;
    }
    Level level = geometry.nextReal(geometry.rootLevel());
    while (level.compareTo(largest) < 0) {
      level = geometry.nextReal(level);
    }
    for (long va : tables(fork, level)) {
      copy(fork, copied, level, va);
    }
  }

  private static long tableBytes(PagingGeometry geometry, Level level) {
    return geometry.spanBytes(level) * geometry.at(level).entries();
  }

  /**
   * First addresses of the tables of a level that serve any mapping, each once (R3.30). Those of
   * shared mappings too: using the same table costs the child less than finding its pages.
   */
  private static List<Long> tables(Fork fork, Level level) {
    long bytes = tableBytes(fork.variant().geometry(), level);
    List<Long> tables = new ArrayList<>();
    for (Vma vma : fork.vmas()) {
      for (long va = vma.firstVa() & -bytes; ; va += bytes) {
        if (tables.isEmpty() || tables.getLast() != va) {
          tables.add(va);
        }
        if ((vma.lastVa() & -bytes) == va) {
          break;
        }
      }
    }
    return tables;
  }

  /**
   * @param copied the mappings whose entries are copied where their tables cannot be shared
   */
  private static void copy(Fork fork, List<Vma> copied, Level level, long va) {
    if (fork.shareTable(level, va) || !fork.parentTables().hasTable(level, va)) {
      return;
    }
    PagingGeometry geometry = fork.variant().geometry();
    if (level == Level.PTE) {
      copyEntries(fork, copied, va, va + tableBytes(geometry, level) - 1);
      return;
    }
    Level below = geometry.nextReal(level);
    for (int i = 0; i < geometry.at(level).entries(); i++) {
      copy(fork, copied, below, va + i * geometry.spanBytes(level));
    }
  }

  private static void copyEntries(Fork fork, List<Vma> copied, long firstVa, long lastVa) {
    List<Vma> parts = new ArrayList<>();
    for (Vma vma : copied) {
      long first = Math.max(firstVa, vma.firstVa());
      long last = Math.min(lastVa, vma.lastVa());
      if (first <= last) {
        parts.add(vma.part(first, last));
      }
    }
    BatchedCopy.copy(fork, parts);
  }
}
