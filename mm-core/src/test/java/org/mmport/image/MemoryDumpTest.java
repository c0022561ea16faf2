package org.mmport.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mmport.spi.InvalidRequestException;

/** Cores of both classes and byte orders, written here byte by byte. */
class MemoryDumpTest {
  @TempDir Path folder = Path.of("");

  static List<CoreWriter> writers() {
    return CoreWriter.all();
  }

  private MemoryDump open(byte[] file) throws IOException {
    return MemoryDump.open(write(file), List.of(new NotedArchitecture()));
  }

  private Path write(byte[] file) throws IOException {
    return Files.write(folder.resolve("dump"), file);
  }

  private static byte[] bytes(int count, int seed) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = (byte) (seed + i * 7);
    }
    return bytes;
  }

  private static byte[] read(MemoryDump dump, long physAddr, int count) {
    return dump.memory().slice(physAddr, count).toArray(ValueLayout.JAVA_BYTE);
  }

  private static boolean has(MemoryDump dump, long physAddr) {
    return dump.memory().contains(physAddr, 1);
  }

  private static String refusal(MemoryDumpTest test, byte[] file) {
    return String.valueOf(assertThrows(BadDumpException.class, () -> test.open(file)).getMessage());
  }

  @ParameterizedTest
  @MethodSource("writers")
  void memoryLiesWhereTheHeadersSay(CoreWriter writer) throws IOException {
    byte[] high = bytes(300, 1);
    byte[] low = bytes(500, 2);
    byte[] file = writer.load(0x80000000L, high).load(0x1000, low).write();
    try (MemoryDump dump = open(file)) {
      assertArrayEquals(high, read(dump, 0x80000000L, high.length));
      assertArrayEquals(low, read(dump, 0x1000, low.length));
      assertFalse(has(dump, 0xfff));
      assertFalse(has(dump, 0x1000 + 500));
      assertFalse(has(dump, 0x80000000L + 300));
      assertEquals(800, dump.memory().sizeBytes());
      assertEquals(OptionalInt.of(CoreWriter.EM_TEST), dump.elfMachine());
      assertEquals(List.of(), dump.warnings());
    }
  }

  @ParameterizedTest
  @MethodSource("writers")
  void registersComeFromTheNotesOfEachCpu(CoreWriter writer) throws IOException {
    byte[] first = writer.registers(0x123456789abcdef0L, -2);
    byte[] second = writer.registers(0x1000, 3);
    byte[] file =
        writer
            .notes(
                writer.note("OTHER", 7, bytes(5, 0)),
                writer.note("CPU", 7, first),
                writer.note("CPU", 8, bytes(16, 3)),
                writer.note("CPU", 7, second))
            .load(0, bytes(16, 0))
            .write();
    try (MemoryDump dump = open(file)) {
      assertEquals(2, dump.cpus());
      assertEquals(OptionalLong.of(0x123456789abcdef0L), dump.registers().get("root"));
      assertEquals(OptionalLong.of(0xfffffffeL), dump.registers().get("mode"));
      assertEquals(OptionalLong.of(0x1000), dump.registers(1).get("root"));
      assertEquals(OptionalLong.of(3), dump.registers(1).get("mode"));
      assertEquals(4, dump.notes().size());
      assertThrows(InvalidRequestException.class, () -> dump.registers(2));
    }
  }

  @ParameterizedTest
  @MethodSource("writers")
  void aNoteThatIsTooShortLosesItsRegistersOnly(CoreWriter writer) throws IOException {
    byte[] shortened = Arrays.copyOf(writer.registers(0x7000, 5), 12);
    byte[] file = writer.notes(writer.note("CPU", 7, shortened)).load(0, bytes(16, 0)).write();
    try (MemoryDump dump = open(file)) {
      assertEquals(OptionalLong.of(0x7000), dump.registers().get("root"));
      assertEquals(OptionalLong.empty(), dump.registers().get("mode"));
      assertTrue(dump.warnings().getFirst().contains("mode"), dump.warnings().toString());
    }
  }

  @ParameterizedTest
  @MethodSource("writers")
  void vmcoreInfoIsReadWithItsGarbage(CoreWriter writer) throws IOException {
    String text =
        """
        OSRELEASE=6.1.0-test
        PAGESIZE=4096
        SYMBOL(swapper_pg_dir)=ffffffff82a10000
        NUMBER(phys_base)=-16777216
        NUMBER(VA_BITS)=0x30
        KERNELOFFSET=1e000000
        no equals sign
        SYMBOL(broken)=xyzzy
        =7
        """;
    byte[] file =
        writer
            .notes(writer.note("VMCOREINFO", 0, text.getBytes(StandardCharsets.ISO_8859_1)))
            .load(0, bytes(16, 0))
            .write();
    try (MemoryDump dump = open(file)) {
      var numbers = dump.registers();
      assertEquals(OptionalLong.of(0xffffffff82a10000L), numbers.get("SYMBOL(swapper_pg_dir)"));
      assertEquals(OptionalLong.of(4096), numbers.get("PAGESIZE"));
      assertEquals(OptionalLong.of(-16777216), numbers.get("NUMBER(phys_base)"));
      assertEquals(OptionalLong.of(48), numbers.get("NUMBER(VA_BITS)"));
      assertEquals(OptionalLong.of(0x1e000000), numbers.get("KERNELOFFSET"));
      assertEquals(OptionalLong.empty(), numbers.get("SYMBOL(broken)"));
      assertEquals(4, dump.vmcoreInfo().orElseThrow().linesIgnored());
    }
  }

  @ParameterizedTest
  @MethodSource("writers")
  void theFirstCopyOfAnAddressCounts(CoreWriter writer) throws IOException {
    byte[] first = bytes(0x100, 1);
    byte[] second = bytes(0x300, 100);
    try (MemoryDump dump = open(writer.load(0x1100, first).load(0x1000, second).write())) {
      assertArrayEquals(first, read(dump, 0x1100, 0x100));
      byte[] before = new byte[0x100];
      System.arraycopy(second, 0, before, 0, 0x100);
      assertArrayEquals(before, read(dump, 0x1000, 0x100));
      byte[] after = new byte[0x100];
      System.arraycopy(second, 0x200, after, 0, 0x100);
      assertArrayEquals(after, read(dump, 0x1200, 0x100));
      assertEquals(0x300, dump.memory().sizeBytes());
      assertTrue(dump.warnings().getFirst().contains("repeat 0x100 bytes"));
    }
  }

  @ParameterizedTest
  @MethodSource("writers")
  void memoryThatTheFileDoesNotHoldIsAbsentNotZero(CoreWriter writer) throws IOException {
    byte[] file = writer.load(0x1000, bytes(0x10, 1), 0x1000).load(0x8000, new byte[0], 64).write();
    try (MemoryDump dump = open(file)) {
      assertTrue(has(dump, 0x100f));
      assertFalse(has(dump, 0x1010));
      assertFalse(has(dump, 0x8000));
      assertTrue(dump.warnings().getFirst().contains("2 segments name 0x1030 bytes"));
    }
  }

  @ParameterizedTest
  @MethodSource("writers")
  void unknownSegmentsAndEmptyOnesAreSkipped(CoreWriter writer) throws IOException {
    byte[] file =
        writer
            .segment(6, 0x5000, bytes(8, 0))
            .load(0x3000, new byte[0])
            .load(0x2000, bytes(8, 1))
            .write();
    try (MemoryDump dump = open(file)) {
      assertEquals(8, dump.memory().sizeBytes());
      assertEquals(List.of(), dump.warnings());
    }
  }

  @ParameterizedTest
  @MethodSource("writers")
  void theNumberOfHeadersMayStandInSectionZero(CoreWriter writer) throws IOException {
    byte[] file =
        writer.numberInSection().load(0x2000, bytes(8, 1)).load(0x4000, bytes(8, 2)).write();
    try (MemoryDump dump = open(file)) {
      assertArrayEquals(bytes(8, 2), read(dump, 0x4000, 8));
      assertArrayEquals(bytes(8, 1), read(dump, 0x2000, 8));
    }
  }

  @ParameterizedTest
  @MethodSource("writers")
  void aCoreWithoutMemoryIsRefused(CoreWriter writer) {
    assertTrue(
        refusal(this, writer.notes(writer.note("X", 1, new byte[0])).write())
            .contains("no PT_LOAD segment with bytes in the file"));
  }

  @ParameterizedTest
  @MethodSource("writers")
  void aCoreCutShortAtAnyByteIsRefusedOrKeepsWhatIsThere(CoreWriter writer) throws IOException {
    byte[] memory = bytes(64, 5);
    byte[] whole =
        writer
            .notes(
                writer.note("CPU", 7, bytes(16, 1)),
                writer.note("VMCOREINFO", 0, "PAGESIZE=4096\n".getBytes(StandardCharsets.US_ASCII)))
            .load(0x1000, memory)
            .write();
    int opened = 0;
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      Path file = write(cut);
      try (MemoryDump dump = MemoryDump.open(file, List.of(new NotedArchitecture()))) {
        if (length < 4) {
          assertEquals("raw memory", dump.format());
          continue;
        }
        opened++;
        int held = memory.length - (whole.length - length);
        assertEquals(held, dump.memory().sizeBytes(), "cut at " + length);
        assertArrayEquals(Arrays.copyOf(memory, held), read(dump, 0x1000, held));
        assertFalse(dump.warnings().isEmpty(), "cut at " + length);
      } catch (BadDumpException e) {
        String message = String.valueOf(e.getMessage());
        assertTrue(message.startsWith(file.toString()), message);
        assertEquals(1, message.lines().count(), message);
      }
    }
    assertEquals(memory.length - 1, opened);
  }

  @Test
  void headersThatMakeNoSenseAreNamedWithValueAndRule() {
    byte[] good = CoreWriter.all().getFirst().load(0, bytes(16, 0)).write();
    assertTrue(refusal(this, changed(good, 4, 3)).contains("EI_CLASS=3 at offset 0x4"));
    assertTrue(refusal(this, changed(good, 5, 0)).contains("EI_DATA=0 at offset 0x5"));
    assertTrue(refusal(this, changed(good, 16, 2)).contains("e_type=2"));
    assertTrue(refusal(this, changed(good, 54, 57)).contains("e_phentsize=57"));
    assertTrue(refusal(this, changed(good, 56, 0)).contains("e_phnum=0"));
    assertTrue(refusal(this, changed(good, 56, 99)).contains("99 program headers"));
    assertTrue(refusal(this, changed(good, 39, 0x80)).contains("e_phoff=0x8000000000000040"));
  }

  private static byte[] changed(byte[] file, int at, int value) {
    byte[] changed = file.clone();
    changed[at] = (byte) value;
    return changed;
  }

  @Test
  void anyOtherFileIsRawMemoryOfItsSize() throws IOException {
    for (int size : new int[] {1, 3, 4096, 4097}) {
      byte[] file = bytes(size, 9);
      try (MemoryDump dump = open(file)) {
        assertArrayEquals(file, read(dump, 0, size));
        assertFalse(has(dump, size));
      }
      try (MemoryDump dump = MemoryDump.openRaw(write(file), 0x40000000L)) {
        assertArrayEquals(file, read(dump, 0x40000000L, size));
        assertFalse(has(dump, 0));
      }
    }
    assertTrue(refusal(this, new byte[0]).contains("is empty"));
  }

  @Test
  void foreignFormatsAndPathsAreRefusedByName() throws IOException {
    byte[] kdump = "KDUMP   with more".getBytes(StandardCharsets.US_ASCII);
    assertTrue(refusal(this, kdump).contains("compressed kdump"));
    Path missing = folder.resolve("missing");
    assertTrue(
        String.valueOf(
                assertThrows(BadDumpException.class, () -> MemoryDump.open(missing, List.of()))
                    .getMessage())
            .endsWith("no such file"));
    assertThrows(BadDumpException.class, () -> MemoryDump.open(folder, List.of()));
    Path raw = write(bytes(16, 0));
    assertThrows(InvalidRequestException.class, () -> MemoryDump.openRaw(raw, Long.MAX_VALUE - 3));
  }

  @Test
  void memoryOfAClosedDumpIsGone() throws IOException {
    MemoryDump dump = open(bytes(16, 0));
    dump.close();
    assertThrows(IllegalStateException.class, () -> read(dump, 0, 1));
  }
}
