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
    fork.vmas().forEach(fork::copyEntries);
  }
}
