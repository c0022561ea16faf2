package org.mmport.spi;

/**
 * How every address space comes to have the kernel's addresses, which one set of tables serves. It
 * is Linux's choice as much as hardware's: what the kernel of that architecture does.
 */
public sealed interface KernelHalf {
  KernelAreas areas();

  /**
   * The entries of the kernel's root are copied into every root, which translates the process's
   * addresses too: {@code clone_pgd_range()} in Linux {@code arch/x86/mm/pgtable.c}. The tables
   * that they point at exist once.
   *
   * @param upkeep what keeps the copies equal
   */
  record CopiedRootEntries(KernelAreas areas, Upkeep upkeep) implements KernelHalf {}

  /**
   * The kernel has a root of its own, which all address spaces have for its addresses: TTBR1 on
   * arm64, the tree of process 0 on Power, for hardware (radix) or for the software that fills the
   * hash table.
   */
  record OwnRoot(KernelAreas areas) implements KernelHalf {}

  /** What keeps copied entries equal when the kernel maps more. */
  enum Upkeep {
    /**
     * All tables that entries for the vmalloc area can point at exist from the beginning and stay,
     * so that there is nothing to copy later: {@code preallocate_vmalloc_pages()}.
     */
    PREALLOCATED,
    /** A changed entry is copied into every root: {@code arch_sync_kernel_mappings()}. */
    PROPAGATED
  }
}
