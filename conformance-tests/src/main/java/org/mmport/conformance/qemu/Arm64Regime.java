package org.mmport.conformance.qemu;

import java.util.EnumSet;
import java.util.Set;
import org.mmport.spi.Level;

/**
 * The translation regimes of EL1 and EL0 that Linux uses: granule and address bits, and what
 * follows from them by the Arm ARM (DDI 0487), D8.2 "Translation process". Levels are numbered as
 * there: 3 holds pages, the root may be as high as -1.
 */
enum Arm64Regime {
  K4_VA39("arm64/4k-va39", 12, 39),
  K4_VA48("arm64/4k-va48", 12, 48),
  K4_VA52("arm64/4k-va52", 12, 52),
  K16_VA36("arm64/16k-va36", 14, 36),
  K16_VA47("arm64/16k-va47", 14, 47),
  K16_VA48("arm64/16k-va48", 14, 48),
  K16_VA52("arm64/16k-va52", 14, 52),
  K64_VA42("arm64/64k-va42", 16, 42),
  K64_VA48("arm64/64k-va48", 16, 48),
  K64_VA52("arm64/64k-va52", 16, 52),
  K4_VA48_NOAFDBM("arm64/4k-va48-noafdbm", 12, 48),
  K16_VA47_NOAFDBM("arm64/16k-va47-noafdbm", 14, 47),
  K64_VA48_NOAFDBM("arm64/64k-va48-noafdbm", 16, 48);

  private static final Set<Arm64Regime> NO_HAFDBS =
      EnumSet.of(K4_VA48_NOAFDBM, K16_VA47_NOAFDBM, K64_VA48_NOAFDBM);

  private static final int LAST = 3;

  /** Tables are cached write-back and shared inner: IRGN, ORGN and SH of both roots. */
  private static final long CACHED = 0x3500_3500L;

  private static final int IPS_48_BITS = 5;
  private static final int IPS_52_BITS = 6;
  private static final long DS = 1L << 59;

  private final String variant;
  private final int pageShift;
  private final int vaBits;

  Arm64Regime(String variant, int pageShift, int vaBits) {
    this.variant = variant;
    this.pageShift = pageShift;
    this.vaBits = vaBits;
  }

  /** Id of the variant that describes it. */
  String variant() {
    return variant;
  }

  /** Whether the CPU sets AF and keeps the dirty state where TCR_EL1 says so (FEAT_HAFDBS). */
  boolean hasHafdbs() {
    return !NO_HAFDBS.contains(this);
  }

  int pageShift() {
    return pageShift;
  }

  int vaBits() {
    return vaBits;
  }

  /** Whether 4K or 16K entries hold 52-bit addresses (FEAT_LPA2, TCR_EL1.DS). */
  boolean isLpa2() {
    return vaBits == 52 && pageShift < 16;
  }

  /** Bits of physical addresses; Linux with 64K pages is built for 52. */
  int paBits() {
    return vaBits == 52 || pageShift == 16 ? 52 : 48;
  }

  /** log2 of what an entry of a level spans. */
  int shift(int level) {
    return pageShift + (LAST - level) * (pageShift - 3);
  }

  int rootLevel() {
    int level = LAST;
    while (shift(level - 1) < vaBits) {
      level--;
    }
    return level;
  }

  /** Where in its table the entry for an address lies. */
  int index(int level, long va) {
    int bits = level == rootLevel() ? vaBits - shift(level) : pageShift - 3;
    return (int) (va >>> shift(level)) & ((1 << bits) - 1);
  }

  /** The level that Linux calls so. */
  int levelOf(Level level) {
    return switch (level) {
      case PGD -> rootLevel();
      case P4D -> 0;
      case PUD -> 1;
      case PMD -> 2;
      case PTE -> LAST;
    };
  }

  /** What Linux calls a level. */
  Level nameOf(int level) {
    return level == rootLevel() ? Level.PGD : Level.values()[level + 1];
  }

  /** TCR_EL1, without what is the state's to choose. */
  long tcr() {
    long size = 64L - vaBits;
    // TG0 and TG1 number the granules differently.
    long tg0 = pageShift == 12 ? 0 : pageShift == 16 ? 1 : 2;
    long tg1 = pageShift == 14 ? 1 : pageShift == 12 ? 2 : 3;
    long ips = paBits() == 52 ? IPS_52_BITS : IPS_48_BITS;
    return size | size << 16 | tg0 << 14 | tg1 << 30 | CACHED | ips << 32 | (isLpa2() ? DS : 0);
  }
}
