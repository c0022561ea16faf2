package org.mmport.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.mmport.machine.PhysicalMemory;

/** Whatever stands in a file, it opens or is refused in one line, and its memory is in the file. */
class GarbledCoreTest {
  private static final int ROUNDS = 100_000;

  @Test
  void garbageIsRefusedOrRead() {
    assertTimeoutPreemptively(Duration.ofMinutes(2), this::garble);
  }

  private void garble() {
    List<byte[]> cores = CoreWriter.all().stream().map(GarbledCoreTest::core).toList();
    Path path = Path.of("garbled");
    int refused = 0;
    for (int seed = 0; seed < ROUNDS; seed++) {
      byte[] garbled = garbled(cores.get(seed % cores.size()), new SplittableRandom(seed));
      DumpFile file = new DumpFile(path, MemorySegment.ofArray(garbled), ByteOrder.LITTLE_ENDIAN);
      try (Arena arena = Arena.ofConfined()) {
        MemoryDump dump = MemoryDump.read(file, List.of(new NotedArchitecture()), arena);
        check(dump, garbled.length, seed);
      } catch (BadDumpException e) {
        refused++;
        assertEquals(1, String.valueOf(e.getMessage()).lines().count(), "seed " + seed);
      } catch (RuntimeException | Error e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    assertTrue(refused > ROUNDS / 20 && refused < ROUNDS * 19 / 20, refused + " refused");
  }

  private static void check(MemoryDump dump, int fileBytes, int seed) {
    long end = 0;
    for (PhysicalMemory.Extent extent : dump.memory().extents()) {
      assertTrue(Long.compareUnsigned(extent.base(), end) >= 0, "extents overlap, seed " + seed);
      assertTrue(extent.bytes().byteSize() <= fileBytes, "larger than the file, seed " + seed);
      end = extent.base() + extent.bytes().byteSize();
    }
    assertTrue(dump.warnings().size() <= 32, "warnings, seed " + seed);
    dump.registers();
  }

  private static byte[] core(CoreWriter writer) {
    byte[] info =
        "PAGESIZE=4096\nSYMBOL(swapper_pg_dir)=c0de\n".getBytes(StandardCharsets.US_ASCII);
    return writer
        .numberInSection()
        .notes(
            writer.note("CPU", 7, new byte[16]),
            writer.note("VMCOREINFO", 0, info),
            writer.note("CPU", 7, new byte[20]))
        .load(0x10000, new byte[200])
        .load(0x20000, new byte[100], 4096)
        .load(0x10040, new byte[80])
        .write();
  }

  /** A few bits, bytes or words changed, mostly where the headers are, and sometimes cut short. */
  private static byte[] garbled(byte[] core, SplittableRandom random) {
    byte[] garbled = core.clone();
    int changes = 1 + random.nextInt(6);
    for (int i = 0; i < changes; i++) {
      int at = random.nextInt(random.nextInt(3) == 0 ? garbled.length : 500);
      switch (random.nextInt(4)) {
        case 0 -> garbled[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> garbled[at] = (byte) random.nextInt(256);
        case 2 -> garbled[at] = (byte) 0xff;
        default -> fill(garbled, at, (byte) (random.nextBoolean() ? 0xff : 0x7f));
      }
    }
    return random.nextInt(8) == 0
        ? java.util.Arrays.copyOf(garbled, 4 + random.nextInt(garbled.length - 4))
        : garbled;
  }

  private static void fill(byte[] bytes, int at, byte value) {
    for (int i = at; i < Math.min(at + 8, bytes.length); i++) {
      bytes[i] = value;
    }
  }
}
