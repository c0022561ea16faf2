package org.mmport.arch.x86;

import org.mmport.spi.PresentOnlyTlb;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbRules;

/**
 * Linux {@code pte_flags_need_flush()} (arch/x86/include/asm/tlbflush.h), Intel SDM volume 3A,
 * section 4.10.4.
 */
final class X86TlbRules {
  /** Hardware sets D again when asked to, and A too; a page's lost A costs only precision. */
  private static final String RULES = "lost: D\nlost huge: A";

  private X86TlbRules() {}

  static TlbRules of(PteFormat format) {
    return PresentOnlyTlb.of(format, RULES);
  }

  /**
   * The CPU reads the four root entries when CR3 is loaded and never again, not even where they
   * were not present: section 4.4.1; Linux {@code pud_populate()} in arch/x86/mm/pgtable.c.
   */
  static TlbRules pae(PteFormat format) {
    return PresentOnlyTlb.of(format, RULES).readingRootsOnce();
  }
}
