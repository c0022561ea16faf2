package org.mmport.cli;

import org.mmport.spi.MmuVariant;

/** What translates the addresses of a dump. */
sealed interface Tables permits TreeTables, HashTables {
  MmuVariant variant();

  Answer lookup(long va);
}
