package org.mmport.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * The command diff on ports that are there: what is expected is from manuals and kernels, by hand.
 */
class DiffCommandTest {

  /** Linux pgtable_64_types.h with and without LA57; Intel SDM volume 3A, figure 4-8. */
  @Test
  void fiveLevelsAreOneMoreAndNothingElse() {
    Run run = Run.of("diff", "x86_64/4level", "x86_64/la57");
    assertEquals(
        """
        Geometry
                           x86_64/4level       x86_64/la57
        ~ levels           4                   5
        ~ va bits          48                  57
        ~ PGD shift        39                  48
        + P4D shift                            39
        + P4D entries                          512
        + P4D table bytes                      4K
        + P4D placement                        4K aligned to 4K
        ~ region 0 last    0x00007fffffffffff  0x00ffffffffffffff
        ~ region 1 first   0xffff800000000000  0xff00000000000000

        TLB duties
                            x86_64/4level  x86_64/la57
        + hook table P4D                   nothing
        + unhook table P4D                 flush walk caches
        + change table P4D                 flush walk caches

        Alike: Table entries, Huge entries, Page entries, Swap entries, Features
        """,
        run.out());
    assertEquals("", run.err());
    assertEquals(1, run.exit());
  }

  /** Linux radix-4k.h and radix-64k.h; PTE_RPN_MASK starts at the page shift. */
  @Test
  void jsonHasOneLineForEachDifference() {
    Run run = Run.of("diff", "--json", "ppc64/radix-4k", "ppc64/radix-64k");
    assertEquals(
        """
        {"section":"geometry","item":"page-bytes","difference":"changed","first":4096,"second":65536}
        {"section":"geometry","level":"PTE","item":"shift","difference":"changed","first":12,"second":16}
        {"section":"geometry","level":"PTE","item":"entries","difference":"changed","first":512,"second":32}
        {"section":"geometry","level":"PTE","item":"table-bytes","difference":"changed","first":4096,"second":256}
        {"section":"geometry","level":"PTE","item":"placement","difference":"changed","first":{"sizeBytes":4096,"alignBytes":4096},"second":{"sizeBytes":256,"alignBytes":256}}
        """,
        lines(run, "\"section\":\"geometry\""));
    assertEquals(
        """
        {"section":"features","item":"SUB_PAGE_TABLES","difference":"second-only","second":true}
        {"section":"features","item":"MULTI_PAGE_TABLES","difference":"first-only","first":true}
        """,
        lines(run, "\"section\":\"features\""));
    assertEquals("", lines(run, "\"section\":\"tlb-duties\""));
    String frame = lines(run, "\"section\":\"page-entries\",\"item\":\"FRAME\"");
    assertTrue(frame.contains("\"difference\":\"changed\",\"changes\":[\"bits\""), frame);
    assertTrue(frame.contains("\"first\":[{\"bits\":\"52:12\",\"name\":\"RPN\""), frame);
    assertTrue(frame.contains("\"second\":[{\"bits\":\"52:16\",\"name\":\"RPN\""), frame);
    assertEquals(1, run.exit());
  }

  /** Intel SDM volume 3A, table 4-20, and Power ISA 3.0B Book III, figure of a leaf entry. */
  @Test
  void bitsAnswerEachOtherByWhatTheyDo() {
    Run run = Run.of("diff", "x86_64/4level", "ppc64/radix-4k");
    String page = section(run, "Page entries");
    expect(page, "~ VALID 0 P \\(.*\\) 63 V \\(.*\\)");
    expect(page, "~ YOUNG 5 A \\(.*\\) 8 R \\(.*\\)");
    expect(page, "~ DIRTY 6 D \\(.*\\) 7 C \\(.*\\)");
    expect(page, "- SAVED_DIRTY 58 .*");
    expect(page, "~ MEMORY_TYPE 7 PAT \\(.*\\) 5:4 ATT \\(.*\\)");
    expect(page, "~ 4 PCD \\(.*\\)");
    expect(page, "~ WRITE 1 R/W \\(.*\\) 1 EAA2 \\(.*\\)");
    expect(page, "~ FRAME 51:12 .* 52:12 .*");
    expect(page, "- USER 2 U/S \\(.*\\)");
    expect(page, "- NO_EXEC 63 XD \\(.*\\)");
    expect(page, "\\+ EXEC 0 EAA3 \\(.*\\)");
    expect(page, "- KEY 62:59 PK \\(.*\\)");
    expect(page, "\\+ RESERVED 56:53");
    expect(section(run, "Table entries"), "\\+ TABLE_BITS 4:0 NLS \\(.*\\)");
    expect(section(run, "Swap entries"), "~ SWAP_TYPE 63:59 TYPE \\(.*\\) 4:0 TYPE \\(.*\\)");
  }

  /**
   * x86 flushes whatever hardware reads of a leaf, and a huge leaf's lost A bit; radix owes nothing
   * for what is added, nor for R (Linux pte_flags_need_flush() and __pte_flags_need_flush()).
   */
  @Test
  void dutiesDifferWhereArchitecturesDo() {
    Run run = Run.of("diff", "x86_64/4level", "ppc64/radix-4k");
    assertEquals(
        """
        TLB duties
                                  x86_64/4level  ppc64/radix-4k
        ~ protect up PUD PMD PTE  flush          nothing
        ~ make old PUD PMD        flush          nothing
        """,
        section(run, "TLB duties"));
    String geometry = section(run, "Geometry");
    expect(geometry, "~ byte order little endian big endian");
    expect(geometry, "~ roots 1 2");
    expect(geometry, "~ pa bits 52 53");
    expect(geometry, "~ PGD placement 4K aligned to 4K 64K aligned to 64K");
    String features = section(run, "Features");
    for (String only : List.of("GLOBAL_PAGES", "HIERARCHICAL_RIGHTS", "UFFD_WP")) {
      expect(features, "- " + only + " yes");
    }
    expect(features, "\\+ BROADCAST_TLBI yes");
  }

  /**
   * Intel SDM volume 3A, sections 4.3 and 4.4: PAE's root of 4 entries is read when CR3 is loaded;
   * the 4 MiB leaves of two levels lie in the root and reach 40 bits (PSE-36).
   */
  @Test
  void rootsThatAreUnlikeOtherTablesAreSeen() {
    Run run = Run.of("diff", "x86/2level", "x86/pae");
    String geometry = section(run, "Geometry");
    expect(geometry, "~ levels 2 3");
    expect(geometry, "~ entry bytes 4 8");
    expect(geometry, "~ PGD entries 1024 4");
    expect(geometry, "~ PGD placement 4K aligned to 4K 32 aligned to 32");
    expect(geometry, "- PGD leaf pa bits 40");
    expect(geometry, "\\+ PMD table bytes 4K");
    expect(section(run, "Root entries"), "\\+ VALID 0 P \\(.*\\)");
    expect(section(run, "Features"), "\\+ ROOT_ENTRIES_CACHED yes");
    expect(section(run, "Features"), "\\+ SPLIT_STORE yes");
    String duties = section(run, "TLB duties");
    expect(duties, "~ hook in root nothing flush walk caches, reload root");
    expect(duties, "~ unhook in root flush walk caches flush walk caches, reload root");
    expect(duties, "- map PGD nothing");
    expect(duties, "\\+ hook table PMD nothing");
  }

  /** Whatever maps a page keeps its reference bit by software where the MMU hashes. */
  @Test
  void hashedLeavesAreFlushedWhenTheyGetOld() {
    Run run = Run.of("diff", "--json", "ppc64/radix-64k", "ppc64/hash-64k");
    assertEquals(
        List.of("PUD", "PMD", "PTE"),
        lines(run, "\"item\":\"make-old\"")
            .lines()
            .map(line -> line.replaceAll(".*\"level\":\"(\\w+)\",\"item\":\"make-old\".*", "$1"))
            .toList());
    expect(
        lines(run, "\"item\":\"HASHED\""), "\\{.*\"difference\":\"second-only\",\"second\":true}");
  }

  /** Nobody but software walks the tables from which a hash table is filled. */
  @Test
  void onlyWalkedTablesAreInWalkCaches() {
    Run run = Run.of("diff", "--json", "ppc64/radix-64k", "ppc64/hash-64k");
    String unhooked = lines(run, "\"item\":\"unhook-table\"");
    expect(unhooked, ".*\"flush\":\"walk-caches\".*\"flush\":\"leaf\".*");
  }

  /** Their formats have no entries for leaves above PTE. */
  private static final Set<String> WITHOUT_HUGE =
      Set.of("ppc64/hash-4k", "ppc64/hash-4k-2006", "ppc64/hash-64k-2006");

  @Test
  void aVariantIsLikeItself() {
    for (String id : new Ports()) {
      Run run = Run.of("diff", id, id);
      assertEquals(0, run.exit());
      String roots = id.equals("x86/pae") ? "Root entries, " : "";
      String huge = WITHOUT_HUGE.contains(id) ? "" : "Huge entries, ";
      assertEquals(
          "Alike: Geometry, Table entries, "
              + roots
              + huge
              + "Page entries, Swap entries, Features, TLB duties\n",
          run.out());
      assertEquals("", Run.of("diff", "--json", id, id).out());
      assertEquals(0, Run.of("diff", "--all", id, id).exit());
      String all = Run.of("diff", "--all", "--json", id, id).out();
      assertTrue(all.lines().count() > 70, all);
      assertTrue(all.lines().allMatch(line -> line.contains("\"difference\":\"equal\"")), all);
    }
  }

  /** What is equal comes besides what differs, and the exit code stays. */
  @Test
  void allAddsWhatIsEqual() {
    Run differences = Run.of("diff", "--json", "x86_64/4level", "x86_64/la57");
    Run all = Run.of("diff", "--json", "--all", "x86_64/4level", "x86_64/la57");
    assertEquals(1, all.exit());
    assertEquals(
        differences.out().lines().toList(),
        all.out().lines().filter(line -> !line.contains("\"difference\":\"equal\"")).toList());
    assertTrue(
        all.out()
            .contains(
                "{\"section\":\"geometry\",\"item\":\"byte-order\",\"difference\":\"equal\",\"first\":\"little endian\",\"second\":\"little endian\"}\n"),
        all.out());
    Run text = Run.of("diff", "--all", "x86_64/4level", "x86_64/la57");
    expect(text.out(), " +byte order little endian little endian");
    expect(text.out(), " +unmap PUD PMD PTE flush flush");
    expect(text.out(), "~ PGD shift 39 48");
  }

  @Test
  void theOtherWayRoundIsTheSameMirrored() {
    List<String> ids = new ArrayList<>();
    new Ports().forEach(ids::add);
    for (String one : ids) {
      for (String other : ids) {
        Run run = Run.of("diff", "--json", one, other);
        Run back = Run.of("diff", "--json", other, one);
        assertEquals(run.exit(), back.exit());
        assertEquals(marks(run, "first-only"), marks(back, "second-only"), one + " " + other);
        assertEquals(marks(run, "changed"), marks(back, "changed"), one + " " + other);
      }
    }
  }

  private static long marks(Run run, String difference) {
    return run.out().lines().filter(line -> line.contains("\"" + difference + "\"")).count();
  }

  @Test
  void badInputIsOneLine() {
    for (List<String> arguments :
        List.of(
            List.of("diff", "vax/1level", "x86_64/4level"),
            List.of("diff", "x86_64/4level", "vax/1level"),
            List.of("diff", "x86_64/4level"),
            List.of("diff", "x86_64/4level", "x86_64/la57", "ppc64/radix-4k"))) {
      Run run = Run.of(arguments.toArray(String[]::new));
      assertEquals(2, run.exit(), run.toString());
      assertEquals("", run.out());
      assertEquals(1, run.err().lines().count(), run.err());
    }
    assertEquals(
        Run.of("show", "vax/1level").err(), Run.of("diff", "x86_64/4level", "vax/1level").err());
  }

  private static String lines(Run run, String part) {
    StringBuilder found = new StringBuilder();
    run.out().lines().filter(l -> l.contains(part)).forEach(l -> found.append(l).append('\n'));
    return found.toString();
  }

  /** A section from its title to the empty line behind it. */
  private static String section(Run run, String title) {
    String text = "\n" + run.out();
    int first = text.indexOf("\n" + title + "\n") + 1;
    assertTrue(first > 0, run.out());
    return text.substring(first, text.indexOf("\n\n", first) + 1);
  }

  /** That a line is that pattern, however wide the columns are. */
  private static void expect(String text, String pattern) {
    assertTrue(
        text.lines()
            .map(line -> line.replaceAll("(?<=.) +", " "))
            .anyMatch(l -> l.matches(pattern)),
        pattern + " in\n" + text);
  }
}
