package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever bytes a dump has: an answer or one line, never a stack trace, never without end. */
class DumpFuzzTest {
  private static final long SEED = 20_261_121;

  @TempDir Path directory = Path.of("");

  private void run(byte[] bytes, String what) throws IOException {
    Path file = Files.write(directory.resolve("fuzz.core"), bytes);
    Run maps = Run.of("maps", "--dump", file.toString(), "--max-revisits", "8");
    Run translate =
        Run.of("translate", "--dump", file.toString(), "0x1000", "0x200000", "ffffffff80000000");
    for (Run run : new Run[] {maps, translate}) {
      assertTrue(run.exit() >= 0 && run.exit() <= 2, what + ": " + run);
      assertFalse(run.err().contains("unexpected"), what + ": " + run.err());
      assertTrue(run.exit() != 2 || run.err().lines().count() == 1, what + ": " + run.err());
    }
  }

  @Test
  void truncatedAnywhereInTheHeadersOrTables() throws IOException {
    byte[] whole = TinyDump.core();
    for (int length = 0; length < whole.length; length += length < 0x500 ? 3 : 1777) {
      run(Arrays.copyOf(whole, length), "cut to " + length + " bytes");
    }
  }

  @Test
  void flippedBitsInTheHeaders() throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < 600; i++) {
      byte[] bytes = TinyDump.core();
      int flips = 1 + random.nextInt(4);
      for (int j = 0; j < flips; j++) {
        bytes[random.nextInt(0x290)] ^= (byte) (1 << random.nextInt(8));
      }
      run(bytes, "seed " + SEED + " case " + i);
    }
  }

  @Test
  void randomEntriesInTheTables() throws IOException {
    SplittableRandom random = new SplittableRandom(SEED);
    for (int i = 0; i < 100; i++) {
      byte[] bytes = TinyDump.core();
      java.nio.ByteBuffer file =
          java.nio.ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN);
      for (int j = 0; j < 2000; j++) {
        long raw =
            random.nextInt(4) == 0
                ? random.nextLong()
                : random.nextInt(16) * 4096L | random.nextInt(512);
        TinyDump.entry(file, 0x1000 + 0x1000 * random.nextInt(6), random.nextInt(512), raw);
      }
      run(bytes, "seed " + SEED + " case " + i);
    }
  }
}
