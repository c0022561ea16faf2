package org.mmport.arch.arm64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Registers;
import org.mmport.spi.RootLookup;

/** Fields of TCR_EL1 and TTBRn_EL1 by hand from Arm ARM DDI 0487, D24.2. */
class Arm64RootsTest {
  /** T0SZ 5:0, T1SZ 21:16. */
  private static long sizes(int bits) {
    return (64L - bits) | (64L - bits) << 16;
  }

  private static final long TG0_16K = 2L << 14;
  private static final long TG0_64K = 1L << 14;
  private static final long TG1_4K = 2L << 30;
  private static final long TG1_16K = 1L << 30;
  private static final long TG1_64K = 3L << 30;
  private static final long DS = 1L << 59;
  private static final long HA = 1L << 39;
  private static final long HD = 1L << 40;

  private static void only(String id, List<Long> roots, Map<String, Long> registers) {
    only(id, "", roots, registers);
  }

  /** One found, and another one to fall back on, or none. */
  private static void only(
      String id, String fallback, List<Long> roots, Map<String, Long> registers) {
    List<String> found = new ArrayList<>();
    List<String> fallbacks = new ArrayList<>();
    for (MmuVariant variant : new Arm64Architecture().variants()) {
      switch (variant.rootFinder().find(new Registers(registers))) {
        case RootLookup.Found got -> {
          found.add(variant.id());
          assertEquals(roots, got.rootPhysAddrs());
        }
        case RootLookup.Fallback got -> {
          fallbacks.add(variant.id());
          assertEquals(roots, got.rootPhysAddrs());
          assertFalse(got.unlike().isBlank());
        }
        case RootLookup.NotSelected not -> assertFalse(not.why().isBlank());
      }
    }
    assertEquals(id.isEmpty() ? List.of() : List.of(id), found);
    assertEquals(fallback.isEmpty() ? List.of() : List.of(fallback), fallbacks);
  }

  /** By a TCR_EL1 with HA and HD as they are. */
  private static void selected(String id, String fallback, long tcr) {
    Map<String, Long> registers =
        Map.of("tcr_el1", tcr, "ttbr0_el1", 0x0048_0000_4807_c000L, "ttbr1_el1", 0x4157_b001L);
    only(id, fallback, List.of(0x4807_c000L, 0x4157_b000L), registers);
  }

  private static void selected(String id, long tcr) {
    selected(id, "", tcr | HA | HD);
  }

  @Test
  void tcrTellsTheVariant() {
    selected("arm64/4k-va39", sizes(39) | TG1_4K);
    selected("arm64/4k-va48", sizes(48) | TG1_4K);
    selected("arm64/4k-va52", sizes(52) | TG1_4K | DS);
    selected("arm64/16k-va36", sizes(36) | TG0_16K | TG1_16K);
    selected("arm64/16k-va47", sizes(47) | TG0_16K | TG1_16K);
    selected("arm64/16k-va48", sizes(48) | TG0_16K | TG1_16K);
    selected("arm64/16k-va52", sizes(52) | TG0_16K | TG1_16K | DS);
    selected("arm64/64k-va42", sizes(42) | TG0_64K | TG1_64K);
    selected("arm64/64k-va48", sizes(48) | TG0_64K | TG1_64K);
    selected("arm64/64k-va52", sizes(52) | TG0_64K | TG1_64K);
  }

  /** Without both, clean pages are software's; not every shape has a variant for that. */
  @Test
  void hardwareThatMarksNothingIsAnotherVariant() {
    for (long some : new long[] {0, HA, HD}) {
      long k4 = sizes(48) | TG1_4K | some;
      selected("arm64/4k-va48-noafdbm", "arm64/4k-va48", k4);
      long k16 = sizes(47) | TG0_16K | TG1_16K | some;
      selected("arm64/16k-va47-noafdbm", "arm64/16k-va47", k16);
      long k64 = sizes(48) | TG0_64K | TG1_64K | some;
      selected("arm64/64k-va48-noafdbm", "arm64/64k-va48", k64);
      selected("", "arm64/4k-va39", sizes(39) | TG1_4K | some);
      selected("", "arm64/64k-va52", sizes(52) | TG0_64K | TG1_64K | some);
    }
  }

  @Test
  void noVariantIsLikeThat() {
    selected("", sizes(48) | TG0_64K | TG1_4K);
    selected("", sizes(47) | TG1_4K);
    selected("", sizes(52) | TG1_4K);
    selected("", (64L - 39) | (64L - 48) << 16 | TG1_4K);
    only("", List.of(), Map.of("ttbr0_el1", 0x1000L, "ttbr1_el1", 0x2000L));
  }

  /** BADDR bits 5:2 are address bits 51:48. */
  @Test
  void rootsOf52Bits() {
    only(
        "arm64/64k-va52",
        List.of(0xf_4000_0000_0000L, 0x8_0000_4157_0000L),
        Map.of(
            "tcr", sizes(52) | TG0_64K | TG1_64K | HA | HD,
            "ttbr0", 0x4000_0000_003cL,
            "ttbr1", 0x0001_0000_4157_0021L));
  }

  @Test
  void fromVmcoreInfo() {
    Map<String, Long> info =
        new TreeMap<>(
            Map.of(
                "SYMBOL(swapper_pg_dir)", 0xffff_8000_0a5b_b000L,
                "NUMBER(kimage_voffset)", 0xffff_7fff_c000_0000L,
                "NUMBER(TCR_EL1_T1SZ)", 16L,
                "PAGESIZE", 4096L));
    String other = "arm64/4k-va48-noafdbm";
    only("arm64/4k-va48", other, List.of(0xf_ffff_ffff_0000L, 0x4a5b_b000L), info);
    info.put("ttbr0", 0x4807_c000L);
    only("arm64/4k-va48", other, List.of(0x4807_c000L, 0x4a5b_b000L), info);
    info.remove("PAGESIZE");
    only("", List.of(), info);
  }
}
