package org.mmport.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * An ELF core of an x86_64 machine with 64 KiB of memory, written byte by byte as the manuals say.
 */
final class TinyDump {
  static final int MEMORY_AT = 0x400;
  static final int MEMORY_BYTES = 0x10000;

  private TinyDump() {}

  static byte[] core() {
    ByteBuffer file = ByteBuffer.allocate(MEMORY_AT + MEMORY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    // ELF header: 64-bit, little-endian, ET_CORE, EM_X86_64, two program headers at 64.
    file.put(0, new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    file.putShort(16, (short) 4).putShort(18, (short) 62).putInt(20, 1);
    file.putLong(32, 64).putShort(52, (short) 64).putShort(54, (short) 56).putShort(56, (short) 2);
    programHeader(file, 64, 4, 0xb0, 0, 20 + 0x1b8);
    programHeader(file, 120, 1, MEMORY_AT, 0, MEMORY_BYTES);
    // QEMU's CPU note: version 1, its size, CR0 at 392, CR3 at 416, CR4 at 424.
    file.putInt(0xb0, 5).putInt(0xb4, 0x1b8).putInt(0xb8, 0);
    file.put(0xbc, "QEMU\0\0\0\0".getBytes(StandardCharsets.US_ASCII));
    int note = 0xc4;
    file.putInt(note, 1).putInt(note + 4, 0x1b8);
    file.putLong(note + 392, 0x80050033L).putLong(note + 416, 0x1000).putLong(note + 424, 0x750eb0);
    tables(file);
    return file.array();
  }

  private static void tables(ByteBuffer file) {
    entry(file, 0x1000, 0, 0x2067);
    entry(file, 0x1000, 511, 0x6063);
    entry(file, 0x2000, 0, 0x3067);
    entry(file, 0x3000, 0, 0x4065);
    entry(file, 0x3000, 1, 0x2000e7);
    entry(file, 0x4000, 1, 0x5025);
    entry(file, 0x4000, 2, 0x8000000000007067L);
    entry(file, 0x4000, 3, 0xffffffffff000100L);
    entry(file, 0x6000, 510, 0x400001e3);
    // An entry with a reserved bit (21:13 of a 2 MiB leaf) and one that points out of memory.
    entry(file, 0x3000, 2, 0x6020e7);
    entry(file, 0x3000, 3, 0x99999067);
    for (int i = 0; i < 16; i++) {
      file.put(MEMORY_AT + 0x5000 + i, (byte) (0xa0 + i));
    }
  }

  static void entry(ByteBuffer file, int table, int index, long raw) {
    file.putLong(MEMORY_AT + table + index * 8, raw);
  }

  private static void programHeader(
      ByteBuffer file, int at, int type, long offset, long physAddr, long bytes) {
    file.putInt(at, type).putLong(at + 8, offset).putLong(at + 24, physAddr);
    file.putLong(at + 32, bytes).putLong(at + 40, bytes);
  }

  static Path write(Path directory) throws IOException {
    return Files.write(directory.resolve("tiny.core"), core());
  }
}
