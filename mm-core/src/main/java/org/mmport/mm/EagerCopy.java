package org.mmport.mm;

import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Copies the page tables of a process at fork, entry by entry: Linux's {@code copy_page_range()}.
 * The measure for whatever copies fewer or later.
 */
final class EagerCopy implements ForkStrategy {
  @Override
  public String name() {
    return "eager";
  }

  @Override
  public void copy(Fork fork) {
    for (Vma vma : fork.vmas()) {
      copy(fork, vma);
    }
  }

  private static void copy(Fork fork, Vma vma) {
    PteFormat format = fork.variant().format();
    long pageBytes = fork.variant().geometry().pageBytes();
    fork.parentTables()
        .pteTables(
            vma.firstVa(),
            vma.lastVa() - vma.firstVa() + 1,
            fork.parentGather(),
            (table, first, count, va) -> {
              if (!isEmpty(format, table, first, count)) {
                PteTable to = fork.childTables().pteTableAlloc(va, fork.childGather());
                for (int i = 0; i < count; i++) {
                  fork.copyEntry(vma, table, to, first + i, va + i * pageBytes);
                }
              }
            });
  }

  private static boolean isEmpty(PteFormat format, PteTable table, int first, int count) {
    for (int i = first; i < first + count; i++) {
      if (!format.none(table.get(i), Level.PTE)) {
        return false;
      }
    }
    return true;
  }
}
