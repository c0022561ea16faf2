package org.mmport.arch.arm64;

import java.util.List;
import java.util.OptionalLong;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Registers;
import org.mmport.spi.RootFinder;
import org.mmport.spi.RootLookup;

/**
 * Both roots from TTBR0_EL1 and TTBR1_EL1, and whether TCR_EL1 selects the variant; or the kernel's
 * root from VMCOREINFO. Arm ARM DDI 0487, D24.2 (TCR_EL1, TTBRn_EL1); Linux {@code
 * arch/arm64/kernel/vmcore_info.c}.
 *
 * @param geometry whose address bits are 64 less T0SZ and T1SZ
 * @param marks whose work HA and HD of TCR_EL1 must say it is
 */
record Arm64Roots(PagingGeometry geometry, Arm64Marks marks) implements RootFinder {
  private static final long DS = 1L << 59;
  private static final long BADDR = 0x0000_ffff_ffff_fff0L;

  /** Where a root that nothing tells is said to be: beyond any memory. */
  private static final long UNKNOWN = 0x000f_ffff_ffff_0000L;

  /** FEAT_LPA2 with TCR_EL1.DS: 52 bits of address in granules below 64K. */
  static boolean lpa2(PagingGeometry geometry) {
    return geometry.pageShift() != 16 && geometry.paBits() == 52;
  }

  @Override
  public RootLookup find(Registers registers) {
    OptionalLong tcr = registers.first("tcr_el1", "tcr");
    OptionalLong low = registers.first("ttbr0_el1", "ttbr0");
    OptionalLong high = registers.first("ttbr1_el1", "ttbr1");
    if (tcr.isEmpty() && registers.get("SYMBOL(swapper_pg_dir)").isPresent()) {
      return fromVmcoreInfo(registers, low);
    }
    if (tcr.isEmpty() || low.isEmpty() || high.isEmpty()) {
      return RootLookup.no("tcr_el1, ttbr0_el1 and ttbr1_el1 are not all known");
    }
    int shift0 = granule(tcr.getAsLong() >>> 14, 12, 16, 14);
    int shift1 = granule(tcr.getAsLong() >>> 30, 0, 14, 12, 16);
    int bits0 = 64 - (int) (tcr.getAsLong() & 63);
    int bits1 = 64 - (int) (tcr.getAsLong() >>> 16 & 63);
    boolean ds = (tcr.getAsLong() & DS) != 0;
    if (shift0 != geometry.pageShift()
        || shift1 != geometry.pageShift()
        || bits0 != geometry.vaBits()
        || bits1 != geometry.vaBits()
        || (shift0 != 16 && lpa2(geometry) != ds)) {
      return RootLookup.no(
          "TCR_EL1 says pages of 2^%d and 2^%d bytes, %d and %d address bits%s"
              .formatted(shift0, shift1, bits0, bits1, ds ? ", DS" : ""));
    }
    return marked(
        List.of(root(low.getAsLong()), root(high.getAsLong())), Arm64Marks.of(tcr.getAsLong()));
  }

  /**
   * Tables are alike whoever marks them, and there is not a variant of either kind for every shape:
   * clean pages may be read as if hardware made them dirty, if nothing fits better.
   */
  private RootLookup marked(List<Long> roots, Arm64Marks found) {
    if (marks == found) {
      return new RootLookup.Found(roots);
    }
    return marks == Arm64Marks.BY_HARDWARE
        ? new RootLookup.Fallback(
            roots, "TCR_EL1.HA and HD are not both set, so clean pages cannot be written")
        : RootLookup.no("TCR_EL1.HA and HD are set");
  }

  private static int granule(long field, int... shifts) {
    int value = (int) field & 3;
    return value < shifts.length ? shifts[value] : 0;
  }

  /** {@code swapper_pg_dir} is in the kernel image, which lies kimage_voffset above memory. */
  private RootLookup fromVmcoreInfo(Registers registers, OptionalLong low) {
    OptionalLong t1sz = registers.get("NUMBER(TCR_EL1_T1SZ)");
    OptionalLong offset = registers.get("NUMBER(kimage_voffset)");
    OptionalLong pageBytes = registers.first("PAGESIZE", "NUMBER(PAGESIZE)");
    if (t1sz.isEmpty() || offset.isEmpty() || pageBytes.isEmpty()) {
      return RootLookup.no("VMCOREINFO lacks TCR_EL1_T1SZ, kimage_voffset or PAGESIZE");
    }
    if (64 - t1sz.getAsLong() != geometry.vaBits()
        || pageBytes.getAsLong() != geometry.pageBytes()) {
      return RootLookup.no(
          "VMCOREINFO says pages of %d bytes, T1SZ %d"
              .formatted(pageBytes.getAsLong(), t1sz.getAsLong()));
    }
    long kernel = registers.get("SYMBOL(swapper_pg_dir)").orElseThrow() - offset.getAsLong();
    List<Long> roots = List.of(low.isPresent() ? root(low.getAsLong()) : UNKNOWN, kernel);
    return marks == Arm64Marks.BY_HARDWARE
        ? new RootLookup.Found(roots)
        : new RootLookup.Fallback(roots, "VMCOREINFO does not tell TCR_EL1.HA and HD");
  }

  /** BADDR without ASID and CnP; where addresses have 52 bits, bits 5:2 are 51:48. */
  private long root(long ttbr) {
    return geometry.paBits() == 48 ? ttbr & BADDR : (ttbr & BADDR & ~0x3c) | (ttbr & 0x3c) << 46;
  }
}
