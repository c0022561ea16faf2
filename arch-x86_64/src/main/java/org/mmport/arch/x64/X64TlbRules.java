package org.mmport.arch.x64;

import org.mmport.spi.PresentOnlyTlb;
import org.mmport.spi.TlbRules;

/**
 * Linux {@code pte_flags_need_flush()} (arch/x86/include/asm/tlbflush.h), Intel SDM volume 3A,
 * section 4.10.4.
 */
final class X64TlbRules {
  /** What hardware reads from a table entry: P, R/W, U/S, PWT, PCD, PS, address, XD. */
  private static final long TABLE = 0x9fL | X64PteFormat.ADDRESS | X64PteFormat.XD;

  private static final long LEAF = TABLE | X64PteFormat.G | X64PteFormat.PK;

  /** Hardware sets D again when asked to, and A too; a page's lost A costs only precision. */
  static final TlbRules INSTANCE =
      new PresentOnlyTlb(
          X64PteFormat.INSTANCE, TABLE, LEAF, X64PteFormat.D, X64PteFormat.A | X64PteFormat.D);

  private X64TlbRules() {}
}
