package org.mmport.conformance;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.PagingGeometry;

/** Entries as the bytes that they are in memory, by nothing that tables use. */
final class EntryBytes {
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private final PhysicalMemory memory;
  private final int entryBytes;
  private final boolean littleEndian;

  EntryBytes(PhysicalMemory memory, PagingGeometry geometry) {
    this.memory = memory;
    this.entryBytes = geometry.entryBytes();
    this.littleEndian = geometry.byteOrder() == ByteOrder.LITTLE_ENDIAN;
  }

  PhysicalMemory memory() {
    return memory;
  }

  long load(long entryAddr) {
    MemorySegment bytes = memory.slice(entryAddr, entryBytes);
    if (entryBytes == Integer.BYTES) {
      int raw = bytes.get(INT, 0);
      return Integer.toUnsignedLong(littleEndian ? Integer.reverseBytes(raw) : raw);
    }
    long raw = bytes.get(LONG, 0);
    return littleEndian ? Long.reverseBytes(raw) : raw;
  }

  /** Whether so many entries from this one have no bit set. */
  boolean areZero(long entryAddr, int count) {
    MemorySegment bytes = memory.slice(entryAddr, (long) count * entryBytes);
    return bytes.mismatch(MemorySegment.ofArray(new byte[count * entryBytes])) < 0;
  }

  void store(long entryAddr, long raw) {
    MemorySegment bytes = memory.slice(entryAddr, entryBytes);
    for (int i = 0; i < entryBytes; i++) {
      int at = littleEndian ? i : entryBytes - 1 - i;
      bytes.set(ValueLayout.JAVA_BYTE, at, (byte) (raw >>> (8 * i)));
    }
  }
}
