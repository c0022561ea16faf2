package org.mmport.machine;

/**
 * The kinds of locks in the order in which one thread takes them: each may be taken while those
 * above it are held, never the other way round, and no two of one kind at a time.
 */
public enum LockRank {
  /** What may concern any address space of a machine. */
  SYSTEM("system"),
  /** The mappings of one address space. */
  MMAP("mmap"),
  /** Who maps pages of one owner: a file, or a family. */
  I_MMAP("i_mmap"),
  /** Tables of one address space, as they come to be while others do. */
  PAGE_TABLES("page tables"),
  /** The entries of one table of the last level. */
  PTE_TABLE("PTE table"),
  /** Where tables come from. */
  TABLE_MEMORY("table memory"),
  /** Which frame holds which page of a file. */
  FILE("file"),
  /** Which page is in which slot of the swap area too. */
  SWAP_CACHE("swap cache"),
  /** The folios of a node that wait to be split. */
  SPLIT_QUEUE("split queue"),
  /** The free lists of a node. */
  NODE("node"),
  /** A CPU between two instructions. */
  CPU("CPU"),
  /** The hash table of all CPUs. */
  HASH_TABLE("hash table");

  private final String text;

  LockRank(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
