package org.mmport.arch.ppc64;

import org.mmport.spi.PresentOnlyTlb;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbRules;

/**
 * What an entry's change demands where hardware walks the tree: Linux {@code
 * __pte_flags_need_flush()}, book3s/64/tlbflush.h, and {@code radix__ptep_set_access_flags()},
 * mm/book3s64/radix_pgtable.c. Software bits never matter, nor R, which hardware sets.
 */
final class Ppc64TlbRules {
  /** Of addresses hardware reads what no CPU has, too. */
  private static final String RULES =
      """
      table: V L NLB_HI NLB NLS
      leaf: V L RPN ATT EAA0
      lost: EAA1 EAA2 EAA3 C
      """;

  private Ppc64TlbRules() {}

  static TlbRules of(PteFormat format) {
    return PresentOnlyTlb.of(format, RULES);
  }
}
