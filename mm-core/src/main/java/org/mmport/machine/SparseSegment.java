package org.mmport.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Zeroed memory of any size that costs nothing until it is touched: a mapped sparse file that has
 * no name. In memory (tmpfs) where the machine has that, because dirty pages of a disk file would
 * be written out.
 */
final class SparseSegment {
  private static final Path TMPFS = Path.of("/dev/shm");

  private SparseSegment() {}

  static MemorySegment map(long sizeBytes, Arena arena) {
    try {
      Path file =
          Files.isWritable(TMPFS)
              ? Files.createTempFile(TMPFS, "mmport", ".mem")
              : Files.createTempFile("mmport", ".mem");
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        return channel.map(FileChannel.MapMode.READ_WRITE, 0, sizeBytes, arena);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot map " + sizeBytes + " bytes of sparse memory: " + e.getMessage(), e);
    }
  }
}
