package org.mmport.pgtable;

import org.mmport.spi.TlbDuty;

/**
 * What must leave the TLBs.
 *
 * @param firstVa first address
 * @param lastVa last address, inclusive and unsigned
 * @param duty how deep, and whether the root must be loaded anew
 * @param global whether global translations are among them
 */
public record FlushRequest(long firstVa, long lastVa, TlbDuty duty, boolean global) {}
