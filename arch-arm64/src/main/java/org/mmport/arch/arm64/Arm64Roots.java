package org.mmport.arch.arm64;

import org.mmport.spi.PagingGeometry;
import org.mmport.spi.RootFinder;

/**
 * Both roots from TTBR0_EL1 and TTBR1_EL1, and whether TCR_EL1 selects the variant; or the kernel's
 * root from VMCOREINFO. Arm ARM DDI 0487, D24.2 (TCR_EL1, TTBRn_EL1), D8.5 (HA and HD: whose work
 * AF and the dirty state are).
 */
final class Arm64Roots {
  private Arm64Roots() {}

  /** BADDR without ASID and CnP; where addresses have 52 bits, bits 5:2 are 51:48. */
  static RootFinder of(PagingGeometry geometry, Granule granule, String... parts) {
    int unused = 64 - geometry.vaBits();
    String baddr = geometry.paBits() == 48 ? "47:4" : "47:6 5:2@48";
    long bytes = geometry.pageBytes();
    // Tables are alike whoever marks them, and there is not a variant of either kind for every
    // shape: clean pages may be read as if hardware made them dirty, if nothing fits better. With
    // HA alone they are software's. The kernel image, in which the root is, lies kimage_voffset
    // above memory: Linux arch/arm64/kernel/vmcore_info.c.
    return RootFinder.of(
        """
        root ttbr0_el1|ttbr0 %4$s
        root ttbr1_el1|ttbr1 %4$s
        tcr_el1|tcr 5:0=%1$d   TCR_EL1.T0SZ is {}
        tcr_el1|tcr 21:16=%1$d TCR_EL1.T1SZ is {}
        tcr_el1|tcr 15:14=%2$d TCR_EL1.TG0 is {}
        tcr_el1|tcr 31:30=%3$d TCR_EL1.TG1 is {}
        [4k 16k]           tcr_el1|tcr 59=0 TCR_EL1.DS is set
        [4k-lpa2 16k-lpa2] tcr_el1|tcr 59=1 TCR_EL1.DS is not set
        [afdbm]   prefer tcr_el1|tcr 40:39=3  TCR_EL1.HA and HD are not both set, so clean pages cannot be written
        [noafdbm] tcr_el1|tcr        40:39!=3 TCR_EL1.HA and HD are set
        unless tcr_el1|tcr is known
        root ttbr0_el1|ttbr0|nowhere %4$s
        root SYMBOL(swapper_pg_dir) -NUMBER(kimage_voffset)
        SYMBOL(swapper_pg_dir)    known        neither tcr_el1 nor SYMBOL(swapper_pg_dir) is known
        NUMBER(TCR_EL1_T1SZ)      known =%1$d  VMCOREINFO says TCR_EL1.T1SZ is {}
        PAGESIZE|NUMBER(PAGESIZE) known =%5$d  VMCOREINFO says the bytes of a page are {}
        [noafdbm] prefer tcr_el1|tcr known     VMCOREINFO does not tell TCR_EL1.HA and HD
        """
            .formatted(unused, granule.tg0(), granule.tg1(), baddr, bytes),
        parts);
  }
}
