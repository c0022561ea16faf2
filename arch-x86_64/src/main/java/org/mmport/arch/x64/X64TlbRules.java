package org.mmport.arch.x64;

import org.mmport.spi.Level;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/**
 * What follows from a TLB that caches only present entries and forgets by itself what a fault
 * showed to be stale: Linux {@code pte_flags_need_flush()} (arch/x86/include/asm/tlbflush.h), Intel
 * SDM volume 3A, section 4.10.4.
 */
final class X64TlbRules implements TlbRules {
  private static final X64PteFormat FORMAT = X64PteFormat.INSTANCE;

  /** What hardware reads from a table entry: P, R/W, U/S, PWT, PCD, PS, address, XD. */
  private static final long TABLE_BITS = 0x9fL | X64PteFormat.ADDRESS | X64PteFormat.XD;

  private static final long LEAF_BITS = TABLE_BITS | X64PteFormat.G | X64PteFormat.PK;

  @Override
  public TlbDuty duty(long oldRaw, long newRaw, Level level) {
    if (!FORMAT.valid(oldRaw, level)) {
      return TlbDuty.NONE;
    }
    long changed = oldRaw ^ newRaw;
    boolean toTable = FORMAT.valid(newRaw, level) && !FORMAT.leaf(newRaw, level);
    if (toTable || !FORMAT.leaf(oldRaw, level)) {
      return (changed & TABLE_BITS) == 0 ? TlbDuty.NONE : TlbDuty.FLUSH_WALK_CACHES;
    }
    // Hardware sets D again when asked to, and A too; a page's lost A costs only precision.
    long onClear = oldRaw & (level == Level.PTE ? X64PteFormat.D : X64PteFormat.A | X64PteFormat.D);
    return (changed & (LEAF_BITS | onClear)) == 0 ? TlbDuty.NONE : TlbDuty.FLUSH_LEAF;
  }
}
