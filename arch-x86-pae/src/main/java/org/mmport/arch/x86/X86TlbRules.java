package org.mmport.arch.x86;

import org.mmport.spi.Level;
import org.mmport.spi.PresentOnlyTlb;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/**
 * Linux {@code pte_flags_need_flush()} (arch/x86/include/asm/tlbflush.h), Intel SDM volume 3A,
 * section 4.10.4.
 */
final class X86TlbRules {
  /**
   * What hardware reads from a table entry: P, R/W, U/S, PWT, PCD, PS, and from bit 12 up all of it
   * (reserved bits make it fault). Entries of 4 bytes have none of the high ones, so the mask
   * serves both.
   */
  private static final long TABLE = 0x9fL | (-1L << 12);

  private static final long LEAF = TABLE | X86PteFormat.G;

  private static final long HUGE_LOST = X86PteFormat.A | X86PteFormat.D;

  static final TlbRules TWO_LEVEL =
      new PresentOnlyTlb(X86PteFormat.TwoLevel.INSTANCE, TABLE, LEAF, X86PteFormat.D, HUGE_LOST);

  private static final TlbRules BELOW_ROOT =
      new PresentOnlyTlb(X86PteFormat.Pae.INSTANCE, TABLE, LEAF, X86PteFormat.D, HUGE_LOST);

  /**
   * The CPU reads the four root entries when CR3 is loaded and never again, not even where they
   * were not present: section 4.4.1; Linux {@code pud_populate()} in arch/x86/mm/pgtable.c.
   */
  static final TlbRules PAE =
      (oldRaw, newRaw, level) -> {
        if (level != Level.PGD) {
          return BELOW_ROOT.duty(oldRaw, newRaw, level);
        }
        return ((oldRaw ^ newRaw) & TABLE) == 0 ? TlbDuty.NONE : TlbDuty.RELOAD_ROOT;
      };

  private X86TlbRules() {}
}
