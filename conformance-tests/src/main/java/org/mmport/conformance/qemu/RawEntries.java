package org.mmport.conformance.qemu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.MmuVariant;

/** Entries in memory, in the width and byte order of a variant. */
final class RawEntries {
  private final PhysicalMemory memory;
  private final ValueLayout.OfInt narrow;
  private final ValueLayout.OfLong wide;
  private final int entryBytes;

  RawEntries(PhysicalMemory memory, MmuVariant variant) {
    this.memory = memory;
    this.entryBytes = variant.geometry().entryBytes();
    this.narrow = ValueLayout.JAVA_INT_UNALIGNED.withOrder(variant.geometry().byteOrder());
    this.wide = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(variant.geometry().byteOrder());
  }

  PhysicalMemory memory() {
    return memory;
  }

  boolean contains(long entryAddr) {
    return entryAddr >= 0 && memory.contains(entryAddr, entryBytes);
  }

  long load(long entryAddr) {
    MemorySegment bytes = memory.slice(entryAddr, entryBytes);
    return entryBytes == Integer.BYTES
        ? Integer.toUnsignedLong(bytes.get(narrow, 0))
        : bytes.get(wide, 0);
  }

  /** Stores the same into every entry of a table. */
  void clear(long table, int count, long raw) {
    if (raw == 0) {
      memory.slice(table, (long) count * entryBytes).fill((byte) 0);
      return;
    }
    for (int i = 0; i < count; i++) {
      store(table + (long) i * entryBytes, raw);
    }
  }

  void store(long entryAddr, long raw) {
    MemorySegment bytes = memory.slice(entryAddr, entryBytes);
    if (entryBytes == Integer.BYTES) {
      bytes.set(narrow, 0, (int) raw);
    } else {
      bytes.set(wide, 0, raw);
    }
  }
}
