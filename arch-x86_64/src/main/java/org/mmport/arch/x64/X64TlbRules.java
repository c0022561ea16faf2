package org.mmport.arch.x64;

import org.mmport.spi.PresentOnlyTlb;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbRules;

/**
 * Linux {@code pte_flags_need_flush()} (arch/x86/include/asm/tlbflush.h), Intel SDM volume 3A,
 * section 4.10.4.
 */
final class X64TlbRules {
  private X64TlbRules() {}

  /** Hardware sets D again when asked to, and A too; a page's lost A costs only precision. */
  static TlbRules of(PteFormat format) {
    return PresentOnlyTlb.of(format, "lost: D\nlost huge: A");
  }
}
