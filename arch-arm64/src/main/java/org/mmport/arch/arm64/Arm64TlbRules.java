package org.mmport.arch.arm64;

import org.mmport.spi.PresentOnlyTlb;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbRules;

/**
 * What may change while an entry is valid, and what must be flushed: Arm ARM DDI 0487, D8.16.1
 * (break-before-make) and D8.13 (what a TLB may hold). Linux's {@code pgattr_change_is_safe()} in
 * arch/arm64/mm/mmu.c is as strict for the kernel's own tables and stricter in UXN and AP1.
 */
final class Arm64TlbRules {
  /**
   * Entries without AF are not cached, so only clearing it owes anything. What is not named and
   * goes by break-before-make is the size of a leaf, its memory type, NS, CONT, and shareability,
   * which with LPA2 is address. Those of a contiguous run may differ in AF, AP2 and DBM.
   */
  private static final String RULES =
      """
      table: PXNTable UXNTable APTable0 APTable1 NSTable
      leaf: AP1 AP2 nG GP PXN UXN DBM
      lost: AF
      break: read
      break cleared: nG
      break run: AP1 nG GP PXN UXN
      """;

  private Arm64TlbRules() {}

  static TlbRules of(PteFormat format) {
    return PresentOnlyTlb.of(format, RULES);
  }
}
