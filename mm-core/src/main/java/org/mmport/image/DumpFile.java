package org.mmport.image;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The mapped file of a dump. No read goes past its end: such a read is refused. */
record DumpFile(Path path, MemorySegment bytes, ByteOrder order) {

  /** Maps the whole file for reading, for as long as the arena lives. */
  static DumpFile map(Path path, Arena arena) {
    if (Files.isDirectory(path)) {
      throw new BadDumpException(path + ": is a directory; name the dump file in it");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long sizeBytes = channel.size();
      if (sizeBytes == 0) {
        throw new BadDumpException(path + ": is empty; a dump has at least one byte");
      }
      MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, sizeBytes, arena);
      return new DumpFile(path, bytes, ByteOrder.LITTLE_ENDIAN);
    } catch (NoSuchFileException e) {
      throw new BadDumpException(path + ": no such file", e);
    } catch (IOException | UnsupportedOperationException e) {
      throw new BadDumpException(path + ": cannot be mapped: " + e.getMessage(), e);
    }
  }

  DumpFile withOrder(ByteOrder other) {
    return new DumpFile(path, bytes, other);
  }

  long sizeBytes() {
    return bytes.byteSize();
  }

  /** Whether the range lies in the file; for offset and length as they stand there, unsigned. */
  boolean contains(long offset, long lengthBytes) {
    return offset >= 0 && lengthBytes >= 0 && offset <= sizeBytes() - lengthBytes;
  }

  int u8(long offset, String field) {
    require(offset, 1, field);
    return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, offset));
  }

  int u16(long offset, String field) {
    require(offset, 2, field);
    return Short.toUnsignedInt(
        bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), offset));
  }

  long u32(long offset, String field) {
    require(offset, 4, field);
    return Integer.toUnsignedLong(
        bytes.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), offset));
  }

  /** The value as it stands, so negative from 2^63 up. */
  long u64(long offset, String field) {
    require(offset, 8, field);
    return bytes.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order), offset);
  }

  /** Refuses the file because of one field. */
  BadDumpException refused(String field, Object value, long offset, String rule) {
    return new BadDumpException(
        "%s: %s=%s at offset 0x%x: %s".formatted(path, field, value, offset, rule));
  }

  private void require(long offset, int lengthBytes, String field) {
    if (!contains(offset, lengthBytes)) {
      throw new BadDumpException(
          "%s: %s at offset 0x%x lies past the end of the file, which has 0x%x bytes: it is cut short or no ELF file"
              .formatted(path, field, offset, sizeBytes()));
    }
  }
}
