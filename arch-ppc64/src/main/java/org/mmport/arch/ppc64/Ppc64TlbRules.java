package org.mmport.arch.ppc64;

import static org.mmport.arch.ppc64.Ppc64PteFormat.ADDRESS;
import static org.mmport.arch.ppc64.Ppc64PteFormat.ATT;
import static org.mmport.arch.ppc64.Ppc64PteFormat.C;
import static org.mmport.arch.ppc64.Ppc64PteFormat.L;
import static org.mmport.arch.ppc64.Ppc64PteFormat.NLB;
import static org.mmport.arch.ppc64.Ppc64PteFormat.NLS;
import static org.mmport.arch.ppc64.Ppc64PteFormat.PRIVILEGED;
import static org.mmport.arch.ppc64.Ppc64PteFormat.RWX;
import static org.mmport.arch.ppc64.Ppc64PteFormat.V;

import org.mmport.spi.PresentOnlyTlb;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbRules;

/**
 * What an entry's change demands: Linux {@code __pte_flags_need_flush()}, book3s/64/tlbflush.h, and
 * {@code radix__ptep_set_access_flags()}, mm/book3s64/radix_pgtable.c. Software bits never matter,
 * nor R where hardware sets it.
 */
final class Ppc64TlbRules {
  /** Of addresses hardware reads what no CPU has, too. */
  static TlbRules radix(PteFormat format) {
    return PresentOnlyTlb.of(format, "V L NLB NLS", "V L RPN ATT EAA0", "EAA1 EAA2 EAA3 C");
  }

  /** Software sets R at a hash fault only, so an entry that lost it must be hashed anew. */
  static TlbRules hash(PteFormat format) {
    long leaf = V | L | ADDRESS | ATT | PRIVILEGED | format.bits().key();
    long lost = RWX | C | format.bits().young();
    return new PresentOnlyTlb(format, V | L | NLB | NLS, leaf, lost, lost).walkedBySoftware();
  }

  /** What {@code ptep_set_access_flags()} adds without a flush of the hash table is free. */
  static TlbRules of2006(PteFormat format) {
    String leaf = "PRESENT USER GUARDED COHERENT NO_CACHE WRITETHRU RPN";
    return PresentOnlyTlb.of(format, "*", leaf, "DIRTY ACCESSED RW EXEC").walkedBySoftware();
  }

  private Ppc64TlbRules() {}
}
