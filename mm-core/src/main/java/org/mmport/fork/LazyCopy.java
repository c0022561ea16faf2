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
    for (Tables tables : tables(fork, level)) {
      if (fork.shareTables(level, tables.firstVa(), tables.sizeBytes()) > 0) {
        continue;
      }
      for (long va = tables.firstVa(); tables.contains(va); va += tableBytes(geometry, level)) {
        copy(fork, copied, level, va);
      }
    }
  }

  /** Addresses that tables in a row serve. */
  private record Tables(long firstVa, long sizeBytes) {
    boolean contains(long va) {
      return va - firstVa < sizeBytes;
    }

    Tables upTo(long lastVa) {
      return new Tables(firstVa, Math.max(sizeBytes, lastVa + 1 - firstVa));
    }
  }

  private static long tableBytes(PagingGeometry geometry, Level level) {
    return geometry.spanBytes(level) * geometry.at(level).entries();
  }

  /**
   * The tables of a level that serve any mapping, each once (R3.30). Those of shared mappings too:
   * using the same table costs the child less than finding its pages.
   */
  private static List<Tables> tables(Fork fork, Level level) {
    long bytes = tableBytes(fork.variant().geometry(), level);
    List<Tables> tables = new ArrayList<>();
    for (Vma vma : fork.vmas()) {
      long firstVa = vma.firstVa() & -bytes;
      long lastVa = vma.lastVa() | (bytes - 1);
      Tables before = tables.isEmpty() ? new Tables(firstVa, 0) : tables.removeLast();
      if (firstVa - before.firstVa() <= before.sizeBytes()) {
        tables.add(before.upTo(lastVa));
      } else {
        tables.add(before);
        tables.add(new Tables(firstVa, lastVa + 1 - firstVa));
      }
    }
    return tables;
  }

  /**
   * @param copied the mappings whose entries are copied where their tables cannot be shared
   */
  private static void copy(Fork fork, List<Vma> copied, Level level, long va) {
    PagingGeometry geometry = fork.variant().geometry();
    if (fork.shareTables(level, va, tableBytes(geometry, level)) > 0
        || !fork.parentTables().hasTable(level, va)) {
      return;
    }
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
