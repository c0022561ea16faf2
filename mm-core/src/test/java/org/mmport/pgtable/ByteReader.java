package org.mmport.pgtable;

import java.nio.ByteOrder;
import org.mmport.machine.PhysicalMemory;

/**
 * Reads fake tables byte by byte from shifts and index bits that were written down by hand: shares
 * neither the geometry's arithmetic nor the walker nor the format with what it judges.
 */
record ByteReader(PhysicalMemory memory, FakeVariants fake) {

  /** What a page is mapped to, with the flags of its leaf, or null-like -1. */
  long leafFlagsAndAddr(long root, long va) {
    int entryBytes = fake.variant().geometry().entryBytes();
    long table = root;
    for (int i = 0; i < 5; i++) {
      if (fake.indexBits().get(i) == 0) {
        continue;
      }
      long index = (va >>> fake.shifts().get(i)) % (1L << fake.indexBits().get(i));
      if (index < 0) {
        index += 1L << fake.indexBits().get(i);
      }
      long raw = number(table + index * entryBytes, entryBytes);
      if (raw % 2 == 0) {
        return -1;
      }
      if (i == 4 || raw / 8 % 2 == 1) {
        long span = 1L << fake.shifts().get(i);
        return (raw & -(1L << fake.shifts().get(4))) + (va & (span - 1)) + (raw & 0x3f7);
      }
      table = raw & -1024L;
    }
    throw new IllegalStateException("no last level");
  }

  private long number(long physAddr, int bytes) {
    boolean little = fake.variant().geometry().byteOrder() == ByteOrder.LITTLE_ENDIAN;
    byte[] read = memory.slice(physAddr, bytes).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value = value * 256 + (read[little ? bytes - 1 - i : i] & 0xff);
    }
    return value;
  }
}
