package org.mmport.pgtable;

import org.mmport.spi.Level;

/**
 * One step of a walk.
 *
 * @param level the level of the table that was read
 * @param tableAddr physical address of the table
 * @param index which entry
 * @param entryAddr physical address of the entry
 * @param raw the entry, in native form
 */
public record WalkStep(Level level, long tableAddr, int index, long entryAddr, long raw) {}
