package org.mmport.spi;

/** A table as its entries, each loaded as one. Indices are from 0 to {@link #length()} - 1. */
public interface EntryArray {
  Level level();

  /** How the entries are to be read. */
  PteFormat format();

  /** Bytes that one entry maps. */
  long spanBytes();

  int length();

  long get(int index);
}
