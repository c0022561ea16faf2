package org.mmport.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.mmport.machine.PhysicalMemory;

/**
 * Writes memory as an ELF core, in either class and byte order: System V ABI, chapters 4 and 5. It
 * shares nothing with the reader that it judges.
 */
record CoreWriter(boolean wide, ByteOrder order) {
  private static final int EI_NIDENT = 16;
  private static final int PT_LOAD = 1;
  private static final int PT_NOTE = 4;
  private static final int ET_CORE = 4;

  /** All four kinds of core. */
  static List<CoreWriter> all() {
    return List.of(
        new CoreWriter(true, ByteOrder.LITTLE_ENDIAN),
        new CoreWriter(true, ByteOrder.BIG_ENDIAN),
        new CoreWriter(false, ByteOrder.LITTLE_ENDIAN),
        new CoreWriter(false, ByteOrder.BIG_ENDIAN));
  }

  /** Bytes of memory, and where they belong. */
  record Load(long physAddr, long sizeBytes) {}

  /** A core of some stretches of memory, with a note before them. */
  void write(Path file, PhysicalMemory memory, List<Load> loads) {
    byte[] note = note();
    int headers = headerBytes() + segmentBytes() * (loads.size() + 1);
    ByteBuffer head = ByteBuffer.allocate(headers).order(order);
    fileHeader(head, loads.size() + 1);
    long at = headers;
    segment(head, PT_NOTE, at, 0, note.length);
    at += note.length;
    for (Load load : loads) {
      segment(head, PT_LOAD, at, load.physAddr(), load.sizeBytes());
      at += load.sizeBytes();
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
      channel.write(head.flip());
      channel.write(ByteBuffer.wrap(note));
      for (Load load : loads) {
        channel.write(memory.slice(load.physAddr(), load.sizeBytes()).asByteBuffer());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** The same memory from address 0 on, and nothing else. */
  static void writeRaw(Path file, MemorySegment bytes) {
    try {
      Files.write(file, bytes.toArray(ValueLayout.JAVA_BYTE));
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }

  private int headerBytes() {
    return wide ? 64 : 52;
  }

  private int segmentBytes() {
    return wide ? 56 : 32;
  }

  private void fileHeader(ByteBuffer head, int segments) {
    head.put((byte) 0x7f).put((byte) 'E').put((byte) 'L').put((byte) 'F');
    head.put((byte) (wide ? 2 : 1)).put((byte) (order == ByteOrder.LITTLE_ENDIAN ? 1 : 2));
    head.put((byte) 1).position(EI_NIDENT);
    head.putShort((short) ET_CORE).putShort((short) 0).putInt(1);
    word(head, 0);
    word(head, headerBytes());
    word(head, 0);
    head.putInt(0).putShort((short) headerBytes()).putShort((short) segmentBytes());
    head.putShort((short) segments).putShort((short) 0).putShort((short) 0).putShort((short) 0);
  }

  private void segment(ByteBuffer head, int type, long offset, long physAddr, long sizeBytes) {
    head.putInt(type);
    if (wide) {
      head.putInt(0);
    }
    word(head, offset);
    word(head, 0);
    word(head, physAddr);
    word(head, sizeBytes);
    word(head, sizeBytes);
    if (!wide) {
      head.putInt(0);
    }
    word(head, 0);
  }

  private void word(ByteBuffer head, long value) {
    if (wide) {
      head.putLong(value);
    } else {
      head.putInt((int) value);
    }
  }

  /** One note that no port knows, with a name that needs padding. */
  private byte[] note() {
    byte[] name = "MMPORT\0".getBytes(StandardCharsets.US_ASCII);
    ByteBuffer note = ByteBuffer.allocate(12 + 8 + 8).order(order);
    note.putInt(name.length).putInt(8).putInt(7).put(name).put((byte) 0).putLong(0);
    return note.array();
  }
}
