package org.mmport.spi;

/**
 * A table whose leaves are being changed, by whoever holds its lock. Hardware may set young and
 * dirty in a valid entry at any moment, so a value that was read may be old when it is replaced:
 * {@link #take} and {@link #compareAndSet} tell.
 */
public interface LeafTable extends EntryArray {
  TableOwner owner();

  /**
   * Whether memory belongs to one folio, so that young and dirty may be known of it as a whole
   * only.
   */
  boolean oneFolio(long physAddr, long sizeBytes);

  void set(int index, long raw);

  /**
   * Empties {@code nr} entries and returns what the first was, young and dirty if any of them was:
   * nothing that hardware marked before an entry was empty is lost.
   */
  long take(int index, int nr);

  /** Stores unless the entry is no longer what was expected, in one atomic step. */
  boolean compareAndSet(int index, long expected, long raw);

  /** Stores {@code nr} leaves that map consecutive memory, the first being {@code raw}. */
  void fill(int index, int nr, long raw);

  /**
   * Replaces leaves that are like {@code old} but for their frames, each by one like {@code raw}
   * that maps what it maps, up to the first that is not like it any more; returns how many.
   */
  int replace(int index, int nr, long old, long raw);

  /**
   * Has every CPU forget {@code nr} entries that are empty now and were leaves like {@code oldRaw},
   * before anything else is stored.
   */
  void flushNow(int index, int nr, long oldRaw);

  /**
   * Notes what a change of {@code nr} entries owes to the TLBs; it is paid before the lock goes.
   */
  void owe(int index, int nr, long oldRaw, long newRaw);
}
