package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** translate and maps on a dump whose every byte was written by hand. */
class DumpCommandsTest {
  @TempDir Path directory = Path.of("");

  private String dump = "";

  @BeforeEach
  void write() throws IOException {
    dump = TinyDump.write(directory).toString();
  }

  private void expect(int exit, String out, String... args) {
    Run run = Run.of(args);
    assertEquals(out, run.out());
    assertEquals("", run.err());
    assertEquals(exit, run.exit());
  }

  @Test
  void aPageIsReadOnlyWhereAnyLevelSaysSo() {
    expect(
        0,
        "{\"va\":\"0x0000000000001008\",\"pa\":\"0x0000000000005008\",\"size\":4096,\"level\":\"PTE\",\"read\":true,"
            + "\"write\":false,\"exec\":true,\"user\":true,\"global\":false,\"young\":true,\"dirty\":false,"
            + "\"raw\":\"0x0000000000005025\",\"bytes\":\"a8a9aaabacadaeaf\"}\n",
        "translate",
        "--dump",
        dump,
        "--json",
        "--read",
        "8",
        "1008");
    Run run = Run.of("translate", "--dump", dump, "--json", "0x2000");
    assertTrue(run.out().contains("\"write\":false,\"exec\":false,\"user\":true"), run.out());
  }

  @Test
  void largeLeavesTranslate() {
    assertTrue(
        Run.of("translate", "--dump", dump, "--json", "0x212345")
            .out()
            .contains("\"pa\":\"0x0000000000212345\",\"size\":2097152"));
    Run kernel = Run.of("translate", "--dump", dump, "--json", "ffffffff80001000");
    assertTrue(
        kernel
            .out()
            .contains("\"pa\":\"0x0000000040001000\",\"size\":1073741824,\"level\":\"PUD\""),
        kernel.out());
    assertTrue(kernel.out().contains("\"user\":false,\"global\":true"), kernel.out());
  }

  @Test
  void everyFaultHasItsWord() {
    for (List<String> pair :
        List.of(
            List.of("0", "not-present\",\"level\":\"PTE"),
            List.of("3000", "not-present\",\"level\":\"PTE"),
            List.of("400000", "reserved-bit\",\"level\":\"PMD"),
            List.of("600000", "outside-dump\",\"level\":\"PTE"),
            List.of("800000000000", "non-canonical\",\"level\":\"PGD"),
            List.of("8000000000", "not-present\",\"level\":\"PGD"))) {
      Run run = Run.of("translate", "--dump", dump, "--json", pair.getFirst());
      assertTrue(run.out().contains("\"fault\":\"" + pair.getLast() + "\""), run.out());
      assertEquals(1, run.exit());
    }
  }

  @Test
  void mapsListsEachLeafInOrder() {
    Run run = Run.of("maps", "--dump", dump, "--each", "--json");
    assertEquals(0, run.exit());
    List<String> vas = run.out().lines().map(line -> line.substring(7, 25)).toList();
    assertEquals(
        List.of(
            "0x0000000000001000", "0x0000000000002000", "0x0000000000200000", "0xffffffff80000000"),
        vas);
  }

  @Test
  void mapsCountsWhatItCouldNotFollow() {
    Run run = Run.of("maps", "--dump", dump, "--json");
    String summary = run.out().lines().reduce((a, b) -> b).orElse("");
    assertTrue(summary.contains("\"tableBytes\":20480"), summary);
    assertTrue(summary.contains("\"nonPresent\":1"), summary);
    assertTrue(
        summary.contains("\"problems\":{\"table-outside-memory\":1,\"reserved-bit\":1}"), summary);
    assertTrue(Run.of("maps", "--dump", dump).out().contains("20K bytes of page tables"));
  }

  @Test
  void cyclesAndDenseAliasesEnd() throws IOException {
    byte[] bytes = TinyDump.core();
    java.nio.ByteBuffer file =
        java.nio.ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 512; i++) {
      TinyDump.entry(file, 0x1000, i, i % 2 == 0 ? 0x1067 : 0x2067);
      TinyDump.entry(file, 0x2000, i, 0x3067);
      TinyDump.entry(file, 0x3000, i, 0x4067);
      TinyDump.entry(file, 0x4000, i, 0x5067);
    }
    Path cyclic = Files.write(directory.resolve("cyclic.core"), bytes);
    Run run = Run.of("maps", "--dump", cyclic.toString(), "--max-revisits", "100", "--json");
    String summary = run.out().lines().reduce((a, b) -> b).orElse("");
    assertTrue(summary.contains("\"cycle\":256"), summary);
    assertTrue(summary.contains("\"revisit-limit\":"), summary);
  }

  @Test
  void rawMemoryNeedsArchAndRoot() throws IOException {
    byte[] bytes = TinyDump.core();
    Path raw =
        Files.write(
            directory.resolve("ram.bin"),
            java.util.Arrays.copyOfRange(bytes, TinyDump.MEMORY_AT, bytes.length));
    assertTrue(
        Run.of(
                "translate",
                "--dump",
                raw.toString(),
                "--arch",
                "x86_64/4level",
                "--root",
                "0x1000",
                "--json",
                "1000")
            .out()
            .contains("\"pa\":\"0x0000000000005000\""));
    Run without = Run.of("maps", "--dump", raw.toString());
    assertEquals(2, without.exit());
    assertTrue(without.err().contains("no root of page tables found"), without.err());
    assertEquals(1, without.err().lines().count());
    Run noArch = Run.of("maps", "--dump", raw.toString(), "--root", "0x1000");
    assertTrue(noArch.err().startsWith("mmport: --root without --arch"), noArch.err());
  }

  @Test
  void badInputIsOneLine() {
    for (String[] args :
        new String[][] {
          {"translate", "--dump", dump, "zz"},
          {"translate", "--dump", dump},
          {"translate", "--dump", directory.resolve("none").toString(), "0"},
          {"translate", "--dump", directory.toString(), "0"},
          {"translate", "--dump", dump, "--read", "5000", "0"},
          {"translate", "--dump", dump, "--arch", "vax/1level", "0"},
          {"maps", "--dump", dump, "--arch", "x86_64/4level", "--root", "0x123"},
          {"maps", "--dump", dump, "--arch", "x86_64/la57"},
          {"maps", "--dump", dump, "--cpu", "7"},
          {"show", "vax/1level"},
          {"conform", "vax"},
          {"conform", "--clause", "NO-99"},
          {"nonsense"}
        }) {
      Run run = Run.of(args);
      String what = String.join(" ", args) + " -> " + run;
      assertEquals(2, run.exit(), what);
      assertEquals(1, run.err().lines().count(), what);
      assertTrue(run.err().startsWith("mmport: "), what);
      assertTrue(!run.err().contains("unexpected"), what);
    }
  }

  @Test
  void rootOutsideTheDumpIsCountedNotFatal() {
    Run run =
        Run.of("maps", "--dump", dump, "--arch", "x86_64/4level", "--root", "0x77777000", "--json");
    assertTrue(run.out().contains("\"table-outside-memory\":2"), run.out());
    Run fault =
        Run.of(
            "translate",
            "--dump",
            dump,
            "--arch",
            "x86_64/4level",
            "--root",
            "0x77777000",
            "--json",
            "1000");
    assertTrue(fault.out().contains("\"fault\":\"outside-dump\",\"level\":\"PGD\""), fault.out());
  }
}
