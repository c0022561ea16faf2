package org.mmport.spi;

/**
 * A table as its entries, each loaded and stored as one. Indices are from 0 to {@link #length()} -
 * 1.
 */
public interface EntryArray {
  Level level();

  int length();

  long get(int index);

  void set(int index, long raw);

  /** Stores and returns what was there, in one atomic step. */
  long getAndSet(int index, long raw);
}
