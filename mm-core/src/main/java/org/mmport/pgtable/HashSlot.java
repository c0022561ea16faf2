package org.mmport.pgtable;

import org.mmport.spi.HashEntry;

/**
 * A place in a hash table and what is there.
 *
 * @param index of the entry, from 0, over all groups
 * @param which 0 for the primary group, 1 for the secondary
 */
public record HashSlot(long index, int which, HashEntry entry) {}
