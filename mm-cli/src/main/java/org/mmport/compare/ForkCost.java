package org.mmport.compare;

/**
 * What something took.
 *
 * @param entriesRead of page tables, by software
 * @param entriesWritten of page tables, by software
 * @param folioChanges of references, map counts and flags, several in one step once
 * @param tables more than before
 * @param tableBytes what their entries take
 * @param flushes of TLBs
 * @param nanos of the simulation, while nothing was counted; 0 where it was not timed
 */
public record ForkCost(
    long entriesRead,
    long entriesWritten,
    long folioChanges,
    long tables,
    long tableBytes,
    long flushes,
    long nanos) {

  /** Entries that were touched, a read and a write of one being two. */
  public long entries() {
    return entriesRead + entriesWritten;
  }

  ForkCost minus(ForkCost before) {
    return new ForkCost(
        entriesRead - before.entriesRead,
        entriesWritten - before.entriesWritten,
        folioChanges - before.folioChanges,
        tables - before.tables,
        tableBytes - before.tableBytes,
        flushes - before.flushes,
        nanos - before.nanos);
  }

  ForkCost withNanos(long newNanos) {
    return new ForkCost(
        entriesRead, entriesWritten, folioChanges, tables, tableBytes, flushes, newNanos);
  }
}
