package org.mmport.arch.ppc64;

import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/**
 * What radix demands: Power ISA 3.0B Book III, section 5.10 (translation table updates); Linux
 * {@code __pte_flags_need_flush()}, book3s/64/tlbflush.h. Software bits never matter, nor R where
 * hardware sets it.
 *
 * @param software bits whose change matters only where software fills a hash table
 */
record Ppc64TlbRules(PteFormat format, long software) implements TlbRules {
  private static final long ADDING_IS_FREE = Ppc64PteFormat.RWX | Ppc64PteFormat.C;
  private static final long LEAF_BITS =
      Ppc64PteFormat.V
          | Ppc64PteFormat.L
          | Ppc64PteFormat.ADDRESS
          | Ppc64PteFormat.ATT
          | Ppc64PteFormat.PRIVILEGED;
  private static final long TABLE_BITS =
      Ppc64PteFormat.V | Ppc64PteFormat.L | Ppc64PteFormat.NLB | Ppc64PteFormat.NLS;

  @Override
  public TlbDuty duty(long oldRaw, long newRaw, Level level) {
    if (!format.valid(oldRaw, level)) {
      return TlbDuty.NONE;
    }
    long changed = oldRaw ^ newRaw;
    boolean toTable = format.valid(newRaw, level) && !format.leaf(newRaw, level);
    if (toTable || !format.leaf(oldRaw, level)) {
      return (changed & TABLE_BITS) == 0 ? TlbDuty.NONE : TlbDuty.FLUSH_WALK_CACHES;
    }
    long demanding =
        LEAF_BITS | (oldRaw & (ADDING_IS_FREE | software)) | (software & ~Ppc64PteFormat.R);
    return (changed & demanding) == 0 ? TlbDuty.NONE : TlbDuty.FLUSH_LEAF;
  }
}
