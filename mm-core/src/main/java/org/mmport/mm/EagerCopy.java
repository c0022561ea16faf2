package org.mmport.mm;

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
    long pageBytes = fork.variant().geometry().pageBytes();
    for (Vma vma : fork.vmas()) {
      fork.eachTable(
          vma,
          (from, to, first, count, va) -> {
            for (int i = 0; i < count; i++) {
              int index = first + i;
              fork.copyEntry(vma, from, to, index, va + i * pageBytes, from.get(index));
            }
          });
    }
  }
}
