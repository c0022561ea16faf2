package org.mmport.arch.ppc64;

import org.mmport.spi.FlushScope;
import org.mmport.spi.PresentOnlyTlb;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/**
 * What an entry's change demands: Linux {@code __pte_flags_need_flush()}, book3s/64/tlbflush.h, and
 * {@code radix__ptep_set_access_flags()}, mm/book3s64/radix_pgtable.c. Software bits never matter,
 * nor R where hardware sets it.
 */
final class Ppc64TlbRules {
  private static final long LEAF_BITS =
      Ppc64PteFormat.V
          | Ppc64PteFormat.L
          | Ppc64PteFormat.ADDRESS
          | Ppc64PteFormat.ATT
          | Ppc64PteFormat.PRIVILEGED;
  private static final long TABLE_BITS =
      Ppc64PteFormat.V | Ppc64PteFormat.L | Ppc64PteFormat.NLB | Ppc64PteFormat.NLS;

  /** Of addresses hardware reads what no CPU has, too. */
  static TlbRules radix(PteFormat format) {
    long loss = Ppc64PteFormat.RWX | Ppc64PteFormat.C;
    long table = TABLE_BITS | 0x7fL << 53;
    return new PresentOnlyTlb(format, table, LEAF_BITS | 15L << 53, loss, loss);
  }

  /** Software sets R at a hash fault only, so an entry that lost it must be hashed anew. */
  static TlbRules hash(PteFormat format) {
    long loss = Ppc64PteFormat.RWX | Ppc64PteFormat.C | Ppc64PteFormat.R;
    return walkedBySoftware(
        new PresentOnlyTlb(format, TABLE_BITS, LEAF_BITS | format.bits().key(), loss, loss));
  }

  /** What {@code ptep_set_access_flags()} adds without a flush of the hash table is free. */
  static TlbRules of2006(Ppc64PteFormat2006 format) {
    long loss =
        Ppc64PteFormat2006.DIRTY
            | Ppc64PteFormat2006.ACCESSED
            | Ppc64PteFormat2006.RW
            | Ppc64PteFormat2006.EXEC;
    long either =
        format.bits().pageFrame()
            | Ppc64PteFormat2006.PRESENT
            | Ppc64PteFormat2006.USER
            | Ppc64PteFormat2006.GUARDED
            | Ppc64PteFormat2006.COHERENT
            | Ppc64PteFormat2006.NO_CACHE
            | Ppc64PteFormat2006.WRITETHRU;
    return walkedBySoftware(new PresentOnlyTlb(format, -1, either, loss, loss));
  }

  /** Nothing caches tables; what was hashed of the leaves below one that goes must go with it. */
  private static TlbRules walkedBySoftware(TlbRules rules) {
    return (oldRaw, newRaw, level) -> {
      TlbDuty duty = rules.duty(oldRaw, newRaw, level);
      return duty.scope() == FlushScope.WALK_CACHES ? TlbDuty.FLUSH_LEAF : duty;
    };
  }

  private Ppc64TlbRules() {}
}
