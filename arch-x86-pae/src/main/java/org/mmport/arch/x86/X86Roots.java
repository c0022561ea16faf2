package org.mmport.arch.x86;

import org.mmport.spi.RootFinder;

/** The root from CR3: Intel SDM volume 3A, section 4.1.1 (modes), tables 4-3 and 4-7 (CR3). */
final class X86Roots {
  private static final String RULES =
      """
      cr3  known cr3 and cr4 are not both known
      cr4  known cr3 and cr4 are not both known
      cr0  31=1  CR0.PG is not set
      efer 10=0  EFER.LMA is set: the CPU is in long mode
      [pae]
      root cr3 31:5
      cr4  5=1   CR4.PAE is not set
      [2level]
      root cr3 31:12
      cr4  5=0   CR4.PAE is set
      """;

  private X86Roots() {}

  static RootFinder of(String variant) {
    return RootFinder.of(RULES, variant);
  }
}
