package org.mmport.arch.arm64;

import org.mmport.spi.Level;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/**
 * What may change while an entry is valid, and what must be flushed: Arm ARM DDI 0487, D8.16.1
 * (break-before-make) and D8.13 (what a TLB may hold). Linux's {@code pgattr_change_is_safe()} in
 * arch/arm64/mm/mmu.c is as strict for the kernel's own tables and stricter in UXN and AP1.
 */
record Arm64TlbRules(Arm64PteFormat format) implements TlbRules {
  /** Type, memory type, NS and CONT: with the address, what may not change under the hardware. */
  private static final long FIXED = Arm64PteFormat.TABLE | 0x3c | Arm64PteFormat.CONT;

  /** AP1, AP2, nG, GP, PXN, UXN; DBM where hardware looks at it. */
  private static final long PERMISSIONS =
      Arm64PteFormat.RDONLY | 1L << 6 | Arm64PteFormat.NG | 0x0060_0000_0000_0000L | 1L << 50;

  /** What entries of a contiguous run may differ in for a while: AF, AP2, DBM. */
  private static final long OF_ONE = 1L << 6 | Arm64PteFormat.NG | 0x0064_0000_0000_0000L;

  private static final long TABLE_PERMISSIONS = 0xf800_0000_0000_0000L;

  @Override
  public TlbDuty duty(long oldRaw, long newRaw, Level level) {
    if (!format.valid(oldRaw, level)) {
      return TlbDuty.NONE;
    }
    boolean wasLeaf = format.leaf(oldRaw, level);
    if (!format.valid(newRaw, level)) {
      return wasLeaf ? TlbDuty.FLUSH_LEAF : TlbDuty.FLUSH_WALK_CACHES;
    }
    long changed = oldRaw ^ newRaw;
    if (!wasLeaf && !format.leaf(newRaw, level)) {
      return table(changed);
    }
    boolean inRun = ((oldRaw | newRaw) & Arm64PteFormat.CONT) != 0;
    boolean toGlobal = (changed & oldRaw & Arm64PteFormat.NG) != 0;
    if ((changed & (FIXED | format.placement(level))) != 0
        || toGlobal
        || (inRun && (changed & OF_ONE) != 0)) {
      return wasLeaf ? TlbDuty.BREAK_LEAF_BEFORE_MAKE : TlbDuty.BREAK_BEFORE_MAKE;
    }
    // Entries without AF are not cached, so only clearing it owes anything.
    long seen = changed & (PERMISSIONS | format.dirtied() | (oldRaw & Arm64PteFormat.AF));
    return seen == 0 ? TlbDuty.NONE : TlbDuty.FLUSH_LEAF;
  }

  private TlbDuty table(long changed) {
    if ((changed & (format.output().low() | format.output().high())) != 0) {
      return TlbDuty.BREAK_BEFORE_MAKE;
    }
    return (changed & TABLE_PERMISSIONS) == 0 ? TlbDuty.NONE : TlbDuty.FLUSH_WALK_CACHES;
  }
}
