package org.mmport.arch.x64;

import org.mmport.spi.RootFinder;

/** The root from CR3, or from what a kernel says of itself in VMCOREINFO. */
final class X64Roots {
  /**
   * Intel SDM volume 3A, section 4.1.1 (the paging modes) and table 4-12 (bits 11:0 of CR3 are PWT,
   * PCD or a PCID). {@code __pa_symbol()} of one symbol under its newer and older names:
   * arch/x86/kernel/vmcore_info_64.c; NUMBER(phys_base) is there since Linux 4.10.
   */
  private static final String RULES =
      """
      root cr3 51:12
      cr4  known cr4 is not known, which tells 4 levels from 5
      cr0  31=1  CR0.PG is not set
      cr4  5=1   CR4.PAE is not set
      efer 10=1  EFER.LMA is not set
      [4level] cr4 12=0 the CPU walks 5 levels
      [la57]   cr4 12=1 the CPU walks 4 levels
      unless cr3 is known
      root SYMBOL(init_top_pgt)|SYMBOL(swapper_pg_dir)|SYMBOL(init_level4_pgt) -0xffffffff80000000 +NUMBER(phys_base) 51:12
      NUMBER(phys_base) known no cr3, and no phys_base in VMCOREINFO
      [4level] NUMBER(pgtable_l5_enabled) =0 the CPU walks 5 levels
      [la57]   NUMBER(pgtable_l5_enabled) known !=0 the CPU walks 4 levels
      """;

  private X64Roots() {}

  static RootFinder of(String variant) {
    return RootFinder.of(RULES, variant);
  }
}
