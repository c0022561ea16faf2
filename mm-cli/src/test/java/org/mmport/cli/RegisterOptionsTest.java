package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Registers, segments and VMCOREINFO from elsewhere than a dump's notes. */
class RegisterOptionsTest {
  @TempDir Path directory = Path.of("");

  private String core() throws IOException {
    return TinyDump.write(directory).toString();
  }

  /** The memory of the tiny dump, with what a test adds to it, and without any notes. */
  private String raw(int at, String text) throws IOException {
    byte[] core = TinyDump.core();
    byte[] ram = Arrays.copyOfRange(core, TinyDump.MEMORY_AT, core.length);
    byte[] added = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(added, 0, ram, at, added.length);
    return Files.write(directory.resolve("ram.bin"), ram).toString();
  }

  private String file(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text).toString();
  }

  private static void translates(String pa, Run run) {
    assertEquals(0, run.exit(), run.err());
    assertTrue(run.out().contains("\"pa\":\"" + pa + "\""), run.out());
  }

  private static void refuses(String message, Run run) {
    assertEquals(2, run.exit(), run.out());
    assertEquals(1, run.err().lines().count(), run.err());
    assertTrue(run.err().contains(message), run.err());
  }

  @Test
  void registersComeFromGdbsBytesOrFromNumbers() throws IOException {
    String ram = raw(0x8000, "");
    String gdb =
        file(
            "gdb.json",
            """
            {"CR3": {"num": 1, "bits": 64, "hex": "0010000000000000"},
             "cr4": {"bits": 64, "hex": "b00e750000000000"},
             "efer": {"hex": "010d000000000000"},
             "cr0": {"hex": "xxxxxxxx"}, "zmm0": {"hex": "%s"}}
            """
                .formatted("00".repeat(64)));
    translates(
        "0x0000000000005008",
        Run.of("translate", "--dump", ram, "--registers", gdb, "--json", "1008"));
    String numbers =
        file("numbers.json", "{\"cr3\": \"0x1000\", \"cr4\": \"750eb0\", \"efer\": \"d01\"}");
    translates(
        "0x0000000000005008",
        Run.of("translate", "--dump", ram, "--registers", numbers, "--json", "1008"));
  }

  @Test
  void setWinsOverTheFileAndTheFileOverTheNotes() throws IOException {
    String elsewhere = file("elsewhere.json", "{\"cr3\": \"0x77777000\"}");
    Run fromFile =
        Run.of("translate", "--dump", core(), "--registers", elsewhere, "--json", "1008");
    assertTrue(fromFile.out().contains("outside-dump"), fromFile.out());
    translates(
        "0x0000000000005008",
        Run.of(
            "translate",
            "--dump",
            core(),
            "--registers",
            elsewhere,
            "--set",
            "CR3=0x1000",
            "--json",
            "1008"));
  }

  @Test
  void whatIsSetInVainIsSaid() throws IOException {
    Run run = Run.of("translate", "--dump", core(), "--set", "crr3=0x2000", "--json", "1008");
    translates("0x0000000000005008", run);
    assertEquals(
        "mmport: warning: --set crr3: x86_64/4level does not look at it here\n", run.err());
    Run read = Run.of("translate", "--dump", core(), "--set", "efer=0xd01", "--json", "1008");
    assertEquals("", read.err());
  }

  @Test
  void badRegistersAreOneLine() throws IOException {
    refuses("--set cr3=zz", Run.of("maps", "--dump", core(), "--set", "cr3=zz"));
    refuses("cr3", Run.of("maps", "--dump", core(), "--set", "cr3"));
    refuses(
        "none.json: cannot be read",
        Run.of("maps", "--dump", core(), "--registers", directory.resolve("none.json").toString()));
    for (String text :
        new String[] {
          "",
          "[1]",
          "{\"cr3\"",
          "{\"cr3\": 7}",
          "{\"cr3\": {}}",
          "{\"cr3\": {\"hex\": \"123\"}}",
          "{\"cr3\": \"zz\"}",
          "{} {}",
          "\0\0\0\0",
          "{\"cr3\": {\"hex\": [{}]}}"
        }) {
      refuses(
          "--registers " + directory.resolve("bad.json"),
          Run.of("maps", "--dump", core(), "--registers", file("bad.json", text)));
    }
  }

  @Test
  void whereNoRootIsFoundTheRegistersKnownAreListed() throws IOException {
    refuses(
        "Registers known: cr4 xyz.",
        Run.of("maps", "--dump", raw(0, ""), "--set", "cr4=20", "--set", "xyz=1"));
  }

  /** CR4.PAE is set in both; only EFER.LMA tells them apart. */
  @Test
  void registersThatFitTwoVariantsAreRefused() throws IOException {
    Run run =
        Run.of(
            "translate", "--dump", raw(0x8000, ""), "--set", "cr3=1000", "--set", "cr4=20", "1008");
    assertEquals(2, run.exit());
    assertTrue(
        run.err()
            .contains("its registers fit x86/pae and x86_64/4level alike; name one with --arch"),
        run.err());
  }

  @Test
  void vmcoreinfoIsFoundInMemory() throws IOException {
    String text =
        "OSRELEASE=%s\nPAGESIZE=%ld\nSYMBOL(%s)=%lx\n\0\0\0"
            + "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_top_pgt)=ffffffff80001000\n"
            + "NUMBER(phys_base)=0\nNUMBER(pgtable_l5_enabled)=0\n\0";
    assertEquals(0, text.indexOf("OSRELEASE=6") % 4);
    Run run = Run.of("translate", "--dump", raw(0x8010, text), "--json", "1008");
    translates("0x0000000000005008", run);
    assertEquals(1, run.err().lines().count());
    assertTrue(
        run.err()
            .contains(
                "used the VMCOREINFO found in memory at 0x%x"
                    .formatted(0x8010 + text.indexOf("OSRELEASE=6"))),
        run.err());
    Run set =
        Run.of(
            "translate",
            "--dump",
            raw(0x8010, text),
            "--set",
            "cr3=1000",
            "--set",
            "cr4=20",
            "--set",
            "efer=d01",
            "--json",
            "1008");
    assertEquals("", set.err(), "registers that name a root are enough");
  }

  /**
   * A hash table of 2048 groups at 0x40000 with one entry: virtual page 5 of segment 0x123 at frame
   * 7, in the primary group of hash 0x123 ^ 5. Big-endian: {@code __be64 v, r} in Linux {@code
   * struct hash_pte}, book3s/64/mmu-hash.h.
   */
  private String hashedRam() throws IOException {
    ByteBuffer ram = ByteBuffer.allocate(0x80000);
    int group = 0x40000 + 0x126 * 128;
    ram.putLong(group + 16, 0x123L << 12 | 1).putLong(group + 24, 0x7192);
    for (int i = 0; i < 8; i++) {
      ram.put(0x7008 + i, (byte) (0xe0 + i));
    }
    return Files.write(directory.resolve("hashed.bin"), ram.array()).toString();
  }

  @Test
  void hashTablesAreReadThroughTheSegmentsOfAFile() throws IOException {
    String ram = hashedRam();
    String slb =
        file("slb.txt", "SLB\tESID\t\t\tVSID\n3\t0x0000000008000000\t0x0000000000123c00\n");
    String little =
        "{\"msr\": {\"hex\": \"33f0800200000080\"}, \"sdr1\": {\"hex\": \"0000040000000000\"}}";
    String big =
        "{\"msr\": {\"hex\": \"8000000002801032\"}, \"sdr1\": {\"hex\": \"0000000000040000\"}}";
    for (String registers : new String[] {little, big}) {
      String file = file("registers.json", registers);
      Run run =
          Run.of(
              "translate",
              "--dump",
              ram,
              "--registers",
              file,
              "--slb",
              slb,
              "--json",
              "--read",
              "8",
              "5008");
      translates("0x0000000000007008", run);
      assertTrue(run.out().contains("\"size\":4096,"), run.out());
      assertTrue(run.out().contains("\"write\":true"), run.out());
      assertTrue(run.out().contains("\"young\":true,\"dirty\":true"), run.out());
      assertTrue(run.out().contains("\"bytes\":\"e0e1e2e3e4e5e6e7\""), run.out());
    }
    String[] from = {"--dump", ram, "--set", "sdr1=40000", "--slb", slb};
    Run faults =
        Run.of(
            "translate",
            from[0],
            from[1],
            from[2],
            from[3],
            from[4],
            from[5],
            "--json",
            "6000",
            "10000000");
    assertTrue(faults.out().contains("\"fault\":\"not-hashed\",\"level\":\"HASH\""), faults.out());
    assertTrue(
        faults.out().contains("\"fault\":\"no-segment\",\"level\":\"SEGMENT\""), faults.out());
    Run maps =
        Run.of("maps", from[0], from[1], from[2], from[3], from[4], from[5], "--each", "--json");
    assertEquals(1, maps.out().lines().count(), maps.out());
    assertTrue(
        maps.out().startsWith("{\"va\":\"0x0000000000005000\",\"pa\":\"0x0000000000007000\""),
        maps.out());
    Run text = Run.of("maps", from[0], from[1], from[2], from[3], from[4], from[5]);
    assertTrue(
        text.out().contains("1 entries, of which 0 are of segments that are not loaded"),
        text.out());
  }

  @Test
  void badSegmentsAreOneLine() throws IOException {
    String ram = hashedRam();
    String good = file("slb.txt", "0 0x8000000 0x123c00\n");
    refuses("no hash table found", Run.of("maps", "--dump", ram, "--slb", good));
    refuses(
        "hash table of 2048 groups at 0x7ffc0000",
        Run.of("maps", "--dump", ram, "--slb", good, "--set", "sdr1=7ffc0000"));
    for (String text : new String[] {"", "0 0x8000000\n", "x 0x1 0x2\n", "0 0x0 0x0\n", "\0\1\2"}) {
      refuses(
          "--slb " + directory.resolve("bad.txt"),
          Run.of("maps", "--dump", ram, "--set", "sdr1=40000", "--slb", file("bad.txt", text)));
    }
  }

  /** arm64's tables of 48 and 39 bits with a clean, writable page at 0x1000, and TCR_EL1. */
  private Run arm64(String tcr, String... more) throws IOException {
    ByteBuffer ram = ByteBuffer.allocate(0x10000).order(ByteOrder.LITTLE_ENDIAN);
    for (int table = 0x1000; table < 0x4000; table += 0x1000) {
      ram.putLong(table, table + 0x1000 | 3);
    }
    ram.putLong(0x4008, 0x0068_0000_0000_5cc3L);
    String path = Files.write(directory.resolve("arm64.bin"), ram.array()).toString();
    List<String> args =
        new ArrayList<>(List.of("translate", "--dump", path, "--set", "ttbr0_el1=1000"));
    args.addAll(List.of("--set", "ttbr1_el1=1000", "--set", "tcr_el1=" + tcr));
    args.addAll(List.of(more));
    args.add("1008");
    return Run.of(args.toArray(String[]::new));
  }

  private static void writes(String rights, String variant, Run run) {
    assertEquals(0, run.exit(), run.err());
    assertTrue(run.out().contains("(" + variant + ")"), run.out());
    assertTrue(run.out().contains("-> 0x5008  4K page  " + rights + " user"), run.out());
  }

  /** TCR_EL1.HA and HD, bits 39 and 40: whether a clean page can be written. */
  @Test
  void tcrTellsWhoMakesPagesDirty() throws IOException {
    Run hardware = arm64("18080100010");
    writes("rw-", "arm64/4k-va48", hardware);
    Run software = arm64("80100010");
    writes("r--", "arm64/4k-va48-noafdbm", software);
    assertEquals("", hardware.err() + software.err());
    refuses("HA and HD are set", arm64("18080100010", "--arch", "arm64/4k-va48-noafdbm"));
  }

  @Test
  void whatFitsNearlyIsTakenWithAWarning() throws IOException {
    String unlike = "read as %s, though TCR_EL1.HA and HD are not both set";
    Run asked = arm64("80100010", "--arch", "arm64/4k-va48");
    writes("rw-", "arm64/4k-va48", asked);
    assertTrue(asked.err().contains(unlike.formatted("arm64/4k-va48")), asked.err());
    Run only = arm64("80190019", "--set", "ttbr0_el1=2000");
    writes("rw-", "arm64/4k-va39", only);
    assertTrue(only.err().contains(unlike.formatted("arm64/4k-va39")), only.err());
  }
}
