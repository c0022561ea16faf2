package org.mmport.pgtable;

import java.lang.foreign.MemorySegment;
import org.mmport.machine.PhysicalMemory;

/**
 * Finds where a table goes on behind entries of no bits, many at a time: most tables are mostly
 * empty, and to load each entry of theirs is most of what a visit takes. No listener is told of
 * what is passed over.
 */
final class ZeroedEntries {
  /** Of a table whose empty entries must be loaded each. */
  static final ZeroedEntries NONE = new ZeroedEntries(MemorySegment.NULL, 1);

  private static final int AT_ONCE_BYTES = 1 << 12;
  private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[AT_ONCE_BYTES]);

  private final MemorySegment table;
  private final int entryBytes;

  private ZeroedEntries(MemorySegment table, int entryBytes) {
    this.table = table;
    this.entryBytes = entryBytes;
  }

  /** Of a table that lies in one extent of memory; else {@link #NONE}. */
  static ZeroedEntries of(PhysicalMemory memory, long table, int tableBytes, int entryBytes) {
    return memory
        .extentOf(table, tableBytes)
        .map(in -> in.bytes().asSlice(table - in.base(), tableBytes))
        .map(bytes -> new ZeroedEntries(bytes, entryBytes))
        .orElse(NONE);
  }

  /** The next entry behind one that may be used, at most {@code last + 1}. */
  int after(int index, int last) {
    long from = (index + 1L) * entryBytes;
    long end = Math.min((last + 1L) * entryBytes, table.byteSize());
    while (from < end) {
      long to = Math.min(from + AT_ONCE_BYTES, end);
      long differs = MemorySegment.mismatch(table, from, to, ZEROS, 0, to - from);
      if (differs >= 0) {
        return (int) ((from + differs) / entryBytes);
      }
      from = to;
    }
    return Math.max(index, (int) (end / entryBytes) - 1) + 1;
  }
}
