package org.mmport.arch.x64;

import java.util.List;
import java.util.OptionalLong;
import org.mmport.spi.Registers;
import org.mmport.spi.RootFinder;
import org.mmport.spi.RootLookup;

/**
 * The root from CR3, or from what a kernel says of itself in VMCOREINFO.
 *
 * @param levels 4 or 5: how many levels the CPU must walk for the variant to be in use
 */
record X64Roots(int levels) implements RootFinder {
  private static final long CR0_PG = 1L << 31;
  private static final long CR4_PAE = 1L << 5;
  private static final long CR4_LA57 = 1L << 12;
  private static final long EFER_LMA = 1L << 10;

  /** Bits 11:0 are PWT, PCD or a PCID. */
  private static final long ROOT = 0x000f_ffff_ffff_f000L;

  /** Where the kernel image is linked to: {@code __START_KERNEL_map}. */
  private static final long START_KERNEL = 0xffff_ffff_8000_0000L;

  /** Intel SDM volume 3A, section 4.1.1: the paging modes; table 4-12: CR3. */
  @Override
  public RootLookup find(Registers registers) {
    if (registers.get("cr3").isEmpty()) {
      return fromVmcoreInfo(registers);
    }
    if (registers.get("cr4").isEmpty()) {
      return RootLookup.no("cr4 is not known, which tells 4 levels from 5");
    }
    if (registers.lacks("cr0", CR0_PG)
        || registers.lacks("cr4", CR4_PAE)
        || registers.lacks("efer", EFER_LMA)) {
      return RootLookup.no("CR0.PG, CR4.PAE and EFER.LMA are not all set");
    }
    int walked = registers.lacks("cr4", CR4_LA57) ? 4 : 5;
    return lookup(walked, registers.get("cr3").orElseThrow());
  }

  /**
   * {@code __pa_symbol()} of one symbol under its newer and older names
   * (arch/x86/kernel/vmcore_info_64.c); NUMBER(phys_base) is there since Linux 4.10.
   */
  private RootLookup fromVmcoreInfo(Registers registers) {
    OptionalLong top =
        registers.first(
            "SYMBOL(init_top_pgt)", "SYMBOL(swapper_pg_dir)", "SYMBOL(init_level4_pgt)");
    OptionalLong physBase = registers.get("NUMBER(phys_base)");
    if (top.isEmpty() || physBase.isEmpty()) {
      return RootLookup.no("no cr3, and no init_top_pgt with phys_base in VMCOREINFO");
    }
    int walked = registers.get("NUMBER(pgtable_l5_enabled)").orElse(0) == 0 ? 4 : 5;
    return lookup(walked, top.getAsLong() - START_KERNEL + physBase.getAsLong());
  }

  private RootLookup lookup(int walked, long root) {
    return walked == levels
        ? new RootLookup.Found(List.of(root & ROOT))
        : RootLookup.no("the CPU walks " + walked + " levels");
  }
}
