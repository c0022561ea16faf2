package org.mmport.pgtable;

import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.TableOwner;

/**
 * One address space's view of its tables.
 *
 * @param space where they come from
 * @param owner whom they serve
 * @param folios what is known of the memory that they map
 * @param sharer who accounts for it where tables are shared
 */
record MmTables(TableSpace space, TableOwner owner, FolioBounds folios, TableSharer sharer) {

  /**
   * The leaves of a table, to be changed.
   *
   * @param code that of the table's level
   * @param va the address that the entry at {@code index} is for
   */
  LeafTable leaves(EntryCode code, Level level, long table, int index, long va, MmuGather gather) {
    return new Leaves(this, code, level, table, index, va, gather);
  }
}
