package org.mmport.arch.x86;

import org.mmport.spi.Level;
import org.mmport.spi.PresentOnlyTlb;
import org.mmport.spi.PteBits;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/**
 * Linux {@code pte_flags_need_flush()} (arch/x86/include/asm/tlbflush.h), Intel SDM volume 3A,
 * section 4.10.4.
 */
final class X86TlbRules {
  private X86TlbRules() {}

  /** Hardware sets D again when asked to, and A too; a page's lost A costs only precision. */
  static TlbRules of(PteFormat format) {
    PteBits bits = format.bits();
    return PresentOnlyTlb.of(format, bits.hardwareDirty(), bits.hardwareDirty() | bits.young());
  }

  /**
   * The CPU reads the four root entries when CR3 is loaded and never again, not even where they
   * were not present: section 4.4.1; Linux {@code pud_populate()} in arch/x86/mm/pgtable.c.
   */
  static TlbRules pae(PteFormat format) {
    TlbRules belowRoot = of(format);
    return (oldRaw, newRaw, level) -> {
      if (level != Level.PGD) {
        return belowRoot.duty(oldRaw, newRaw, level);
      }
      boolean read = ((oldRaw ^ newRaw) & format.bits().readInTable()) != 0;
      return read ? TlbDuty.RELOAD_ROOT : TlbDuty.NONE;
    };
  }
}
