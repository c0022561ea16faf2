package org.mmport.spi;

/**
 * Operations on runs of leaves of one table. The defaults go entry by entry; an override
 * (contiguous entries) must equal them in everything that a reader of the decoded entries can see.
 * The core never hears of contiguous bits.
 */
public interface BatchOps {
  /** The default: no contiguous entries. */
  BatchOps ENTRY_WISE = new BatchOps() {};

  /** The leaf at an index, young and dirty if any entry that is cached together with it is. */
  default long get(EntryArray table, int index, PteFormat format) {
    return table.get(index);
  }

  /**
   * Stores {@code nr} leaves that map consecutive memory, the first being {@code raw}, into entries
   * not present.
   */
  default void set(
      EntryArray table, int index, long raw, int nr, long stepBytes, PteFormat format) {
    long physAddr = format.physAddr(raw, table.level());
    for (int i = 0; i < nr; i++) {
      table.set(index + i, format.withPhysAddr(raw, physAddr + i * stepBytes, table.level()));
    }
  }

  /** Replaces one leaf by another that maps the same memory. */
  default void replace(EntryArray table, int index, long raw, PteFormat format) {
    table.set(index, raw);
  }

  /**
   * Empties one entry and returns what was there, young and dirty gathered as {@link #get} does.
   */
  default long clear(EntryArray table, int index, PteFormat format) {
    return table.getAndSet(index, format.empty(table.level()));
  }
}
