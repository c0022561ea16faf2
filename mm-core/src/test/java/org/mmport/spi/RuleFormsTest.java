package org.mmport.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.mmport.spi.TextFormsTest.refused;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rules of registers and of TLBs as text: read as meant, or refused in one line. */
class RuleFormsTest {
  @ParameterizedTest
  @CsvSource({
    "cr0 31=1 off, 0x80000000, 0x0, found",
    "cr0 31=1 off, 0x0, 0x0, off",
    "cr0 5=0 on, 0x20, 0x0, on",
    "cr0 5=0 on, 0x1f, 0x0, found",
    "cr1 known what of cr1?, 0x0, 0x0, what of cr1?",
    "cr1 0=1 off, 0x0, 0x0, found"
  })
  void rootsAreFoundByRules(String rule, String cr0, String cr3, String says) {
    Registers registers =
        new Registers(Map.of("cr0", Long.decode(cr0), "cr3", Long.decode(cr3) | 0x1fff));
    RootLookup expected =
        says.equals("found")
            ? new RootLookup.Found(List.of(0x1000L))
            : new RootLookup.NotSelected(says);
    assertEquals(expected, RootRegisters.of("root cr3 63:12\n" + rule).find(registers));
  }

  @Test
  void aRootThatIsNotKnownIsNotFound() {
    assertEquals(
        new RootLookup.NotSelected("cr3 is not known"),
        RootRegisters.of("root cr3 63:12").find(Registers.NONE));
  }

  @ParameterizedTest
  @CsvSource({
    "cr0",
    "cr0 31=1",
    "cr0 31=x off",
    "cr0 64=1 off",
    "cr0 131=1 off",
    "cr0 3:64=1 off",
    "cr0 known",
    "cr0 known 31=x off",
    "prefer cr0 known"
  })
  void malformedRulesAreRefused(String rule) {
    refused(
        rule,
        "register rule '%s': write register, 'known' or the value of bits from 0 to 63"
            .formatted(rule),
        RootRegisters::of);
  }

  @Test
  void rootsAreReadAsMeant() {
    Registers registers =
        new Registers(Map.of("ttbr", 0x1_0000_0000_1fffL, "symbol", 0x5000L, "offset", 0x2000L));
    assertEquals(0x1000L, RootAddress.of("ttbr0|ttbr 39:12").in(registers).orElseThrow());
    assertEquals(
        0xf_0000_0000_1fc0L, RootAddress.of("ttbr 47:6 5:2@48").in(registers).orElseThrow());
    assertEquals(0x3000L, RootAddress.of("symbol -offset").in(registers).orElseThrow());
    assertEquals(0x7010L, RootAddress.of("symbol +offset +0x10").in(registers).orElseThrow());
    assertEquals(
        RootAddress.NOWHERE, RootAddress.of("cr3|nowhere 31:12").in(registers).orElseThrow());
    assertEquals(0x1L, RootAddress.of("ttbr 48@0").in(registers).orElseThrow());
    assertEquals(OptionalLong.empty(), RootAddress.of("symbol -other").in(registers));
  }

  @ParameterizedTest
  @CsvSource({
    "''",
    "51:12",
    "cr3 51:12 -phys_base",
    "cr3 64:12",
    "cr3 51:12@64",
    "cr3 - x",
    "cr3 +9",
    "cr3 x"
  })
  void malformedRootsAreRefused(String root) {
    refused(
        root,
        "root address '%s': write a register, what is added to it, and its bits".formatted(root),
        RootAddress::of);
    refused("cr3 12:51", "entry field 12:51 bits 12:51: must lie in 63:0", RootAddress::of);
  }

  @Test
  void rulesMayBePreferencesAndOfParts() {
    String rules =
        """
        root r
        pages =4096 pages have {} bytes
        prefer a|b 5:4=3 {} is not 3
        [x] c 9!=1 c is set
        """;
    Registers registers = new Registers(Map.of("r", 0x1000L, "b", 0x30L, "c", 0x200L));
    RootLookup found = new RootLookup.Found(List.of(0x1000L));
    assertEquals(found, RootFinder.of(rules).find(registers));
    assertEquals(RootLookup.no("c is set"), RootFinder.of(rules, "x").find(registers));
    assertEquals(
        new RootLookup.Fallback(List.of(0x1000L), "2 is not 3"),
        RootFinder.of(rules).find(registers.and(Registers.of("b", 0x20))));
    assertEquals(
        RootLookup.no("unknown is not 3"),
        RootFinder.of("root r\nd known 1:0=3 {} is not 3").find(registers));
    assertEquals(
        RootLookup.no("pages have 16384 bytes"),
        RootFinder.of(rules).find(registers.and(Registers.of("pages", 16384))));
    refused("r 1:0=4 no", "register rule 'r 1:0=4 no': 4 does not fit", RootFinder::of);
  }

  @Test
  void registersThatAreKnownComeFirst() {
    RootFinder both = RootFinder.of("root a\n[x]\nunless a|b is known\nroot c\n");
    RootLookup found = new RootLookup.Found(List.of(7L));
    assertEquals(found, both.find(Registers.of("a", 7)));
    assertEquals(found, both.find(Registers.of("c", 7)));
    assertEquals(
        RootLookup.no("a is not known"), both.find(new Registers(Map.of("b", 1L, "c", 7L))));
    assertEquals(
        RootLookup.no("a or b is not known"), RootFinder.of("root a|b").find(Registers.NONE));
    assertEquals(
        RootLookup.no("b is not known"), RootFinder.of("root a -b").find(Registers.of("a", 1)));
  }

  private static final String TLB =
      """
      TP 0   V  VALID       used
      P  1   W  WRITE       may be written
      P  2   A  YOUNG       used lately
      P  3   C  CONTIGUOUS  one of a run
      P  5:4 M  MEMORY_TYPE how it is cached
      P  6   G  OTHER       of one process
      T  6:1 N  NO_WRITE    not below
      TP 9:7 F  FRAME       address
      """;

  private record Plain(EntryLayout layout) implements PteFormat {}

  private static TlbRules rules(String text) {
    return PresentOnlyTlb.of(new Plain(EntryLayout.of(EntryField.table(TLB))), text);
  }

  @ParameterizedTest
  @CsvSource({
    "0x000, 0x081, PTE, none",
    "0x081, 0x000, PTE, leaf",
    "0x081, 0x083, PTE, leaf",
    "0x081, 0x085, PTE, none",
    "0x085, 0x081, PTE, leaf",
    "0x081, 0x101, PTE, break",
    "0x081, 0x091, PTE, break",
    "0x081, 0x0c1, PTE, leaf",
    "0x0c1, 0x081, PTE, break",
    "0x089, 0x08b, PTE, break",
    "0x08d, 0x089, PTE, leaf",
  })
  void tlbRulesAreReadAsMeant(String from, String to, Level level, String duty) {
    String rules = "leaf: W G\nlost: A\nbreak: read\nbreak cleared: G\nbreak run: W\n";
    TlbDuty expected =
        switch (duty) {
          case "leaf" -> TlbDuty.FLUSH_LEAF;
          case "break" -> TlbDuty.BREAK_LEAF_BEFORE_MAKE;
          default -> TlbDuty.NONE;
        };
    assertEquals(expected, rules(rules).duty(Long.decode(from), Long.decode(to), level));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          leaf W    | TLB rule 'leaf W': write what it is about, a colon, and names of fields
          page: W   | TLB rule 'page: W': 'page' is none of [break, break cleared, break run, leaf,
          lost: Q   | bits 'Q': no field of a PAGE entry has that name
          table: W  | bits 'W': no field of a TABLE entry has that name
          """)
  void malformedTlbRulesAreRefused(String text, String says) {
    refused(text, says, RuleFormsTest::rules);
    refused("", "TLB rule 'lost: W': there is one", x -> rules("lost: A\nlost: W"));
  }
}
