package org.mmport.conformance;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.PagingGeometry;

/** Entries as the bytes that they are in memory, put together one by one. */
final class EntryBytes {
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
    long raw = 0;
    for (int i = 0; i < entryBytes; i++) {
      int at = littleEndian ? entryBytes - 1 - i : i;
      raw = raw << 8 | (bytes.get(ValueLayout.JAVA_BYTE, at) & 0xff);
    }
    return raw;
  }

  void store(long entryAddr, long raw) {
    MemorySegment bytes = memory.slice(entryAddr, entryBytes);
    for (int i = 0; i < entryBytes; i++) {
      int at = littleEndian ? i : entryBytes - 1 - i;
      bytes.set(ValueLayout.JAVA_BYTE, at, (byte) (raw >>> (8 * i)));
    }
  }
}
