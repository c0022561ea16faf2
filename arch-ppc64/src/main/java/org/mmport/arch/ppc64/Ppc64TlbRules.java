package org.mmport.arch.ppc64;

import java.util.List;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
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
  static TlbRules of2006(PteFormat format) {
    List<EntryField> fields = format.fields();
    String names = "PRESENT USER GUARDED COHERENT NO_CACHE WRITETHRU RPN";
    long either = EntryField.bits(fields, EntryKind.PAGE, names);
    long loss = EntryField.bits(fields, EntryKind.PAGE, "DIRTY ACCESSED RW EXEC");
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
