package org.mmport.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes ELF cores after the System V gABI, chapters 4 and 5: header, program headers, contents. It
 * shares nothing with the reader.
 */
final class CoreWriter {
  static final int PT_LOAD = 1;
  static final int PT_NOTE = 4;
  static final int EM_TEST = 0x3e7;

  private record Segment(int type, long physAddr, ByteBuffer contents, long memoryBytes) {
    int fileBytes() {
      return contents.remaining();
    }
  }

  private final boolean wide;
  private final ByteOrder order;
  private final List<Segment> segments = new ArrayList<>();
  private boolean manySegments;

  CoreWriter(boolean wide, ByteOrder order) {
    this.wide = wide;
    this.order = order;
  }

  /** All four combinations of class and byte order. */
  static List<CoreWriter> all() {
    return List.of(
        new CoreWriter(true, ByteOrder.LITTLE_ENDIAN),
        new CoreWriter(true, ByteOrder.BIG_ENDIAN),
        new CoreWriter(false, ByteOrder.LITTLE_ENDIAN),
        new CoreWriter(false, ByteOrder.BIG_ENDIAN));
  }

  CoreWriter load(long physAddr, byte[] bytes) {
    return load(physAddr, bytes, bytes.length);
  }

  CoreWriter load(long physAddr, byte[] bytes, long memoryBytes) {
    segments.add(new Segment(PT_LOAD, physAddr, ByteBuffer.wrap(bytes), memoryBytes));
    return this;
  }

  CoreWriter segment(int type, long physAddr, byte[] bytes) {
    segments.add(new Segment(type, physAddr, ByteBuffer.wrap(bytes), bytes.length));
    return this;
  }

  CoreWriter notes(byte[]... notes) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] note : notes) {
      all.writeBytes(note);
    }
    return segment(PT_NOTE, 0, all.toByteArray());
  }

  /** Puts the number of program headers into section header 0, as for 65 535 and more. */
  CoreWriter numberInSection() {
    manySegments = true;
    return this;
  }

  byte[] note(String owner, int type, byte[] contents) {
    byte[] name = (owner + "\0").getBytes(StandardCharsets.ISO_8859_1);
    byte[] note = new byte[12 + padded(name.length) + padded(contents.length)];
    ByteBuffer out = ByteBuffer.wrap(note).order(order);
    out.putInt(name.length).putInt(contents.length).putInt(type).put(name);
    out.position(12 + padded(name.length)).put(contents);
    return note;
  }

  /** A register note's contents: a word to skip, then 8 bytes, then 4. */
  byte[] registers(long root, int mode) {
    byte[] contents = new byte[16];
    ByteBuffer.wrap(contents).order(order).putInt(9).putLong(root).putInt(mode);
    return contents;
  }

  byte[] write() {
    int header = wide ? 64 : 52;
    int programHeader = wide ? 56 : 32;
    int sectionHeader = wide ? 64 : 40;
    int sections = header + programHeader * segments.size();
    int contents = sections + (manySegments ? sectionHeader : 0);
    int total = contents + segments.stream().mapToInt(Segment::fileBytes).sum();
    byte[] file = new byte[total];
    ByteBuffer out = ByteBuffer.wrap(file).order(order);
    out.put(new byte[] {0x7f, 'E', 'L', 'F'});
    out.put((byte) (wide ? 2 : 1)).put((byte) (order == ByteOrder.LITTLE_ENDIAN ? 1 : 2));
    out.put((byte) 1).position(16);
    out.putShort((short) 4).putShort((short) EM_TEST).putInt(1);
    word(out, 0);
    word(out, header);
    word(out, manySegments ? sections : 0);
    out.putInt(0).putShort((short) header).putShort((short) programHeader);
    out.putShort(manySegments ? (short) 0xffff : (short) segments.size());
    out.putShort((short) sectionHeader)
        .putShort((short) (manySegments ? 1 : 0))
        .putShort((short) 0);
    int at = contents;
    for (Segment segment : segments) {
      programHeader(out, segment, at);
      at += segment.fileBytes();
    }
    if (manySegments) {
      // sh_info comes after name, type, flags, addr, offset, size and link.
      out.position(sections + (wide ? 44 : 28)).putInt(segments.size());
    }
    out.position(contents);
    segments.forEach(segment -> out.put(segment.contents().duplicate()));
    return file;
  }

  private void programHeader(ByteBuffer out, Segment segment, int at) {
    out.putInt(segment.type());
    if (wide) {
      out.putInt(4);
    }
    word(out, at);
    word(out, 0);
    word(out, segment.physAddr());
    word(out, segment.fileBytes());
    word(out, segment.memoryBytes());
    if (!wide) {
      out.putInt(4);
    }
    word(out, 1);
  }

  private void word(ByteBuffer out, long value) {
    if (wide) {
      out.putLong(value);
    } else {
      out.putInt((int) value);
    }
  }

  private static int padded(int bytes) {
    return (bytes + 3) / 4 * 4;
  }

  @Override
  public String toString() {
    return (wide ? "ELF64 " : "ELF32 ") + order;
  }
}
