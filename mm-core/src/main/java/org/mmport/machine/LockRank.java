package org.mmport.machine;

/**
 * The kinds of locks in the order in which one thread takes them: each may be taken while those
 * above it are held, never the other way round, and no two of one kind at a time.
 */
public enum LockRank {
  /** What all address spaces of a machine change. */
  SYSTEM("system"),
  /** Tables, as they come to be while others do. */
  PAGE_TABLES("page tables"),
  /** The entries of one table of the last level. */
  PTE_TABLE("PTE table"),
  /** Which frame holds which page of a file. */
  FILE("file"),
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
