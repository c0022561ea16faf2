package org.mmport.spi;

import java.nio.ByteOrder;

/**
 * What of a hash table's entries is data. A record of longs, as {@link PteBits} is and for the same
 * reason.
 *
 * @param groupEntries entries in a group
 * @param byteOrder of an entry's two words
 * @param valid in the tag: the entry is used
 * @param secondary in the tag: it was put where it is by the second of its hashes
 * @param young in the data: the page was used since the mark was last cleared
 * @param dirty the same for written
 * @param protection in the data: rights and marks
 */
public record HashBits(
    int groupEntries,
    ByteOrder byteOrder,
    long valid,
    long secondary,
    long young,
    long dirty,
    long protection) {}
