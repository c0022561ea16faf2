package org.mmport.arch.arm64;

import java.util.List;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.Level;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/**
 * What may change while an entry is valid, and what must be flushed: Arm ARM DDI 0487, D8.16.1
 * (break-before-make) and D8.13 (what a TLB may hold). Linux's {@code pgattr_change_is_safe()} in
 * arch/arm64/mm/mmu.c is as strict for the kernel's own tables and stricter in UXN and AP1.
 *
 * @param fixed what may not change under the hardware, besides the address
 * @param permissions what a cached leaf holds of rights
 * @param ofRun what entries of a contiguous run may not differ in, not even for a while; they may
 *     in AF, AP2 and DBM
 * @param tablePermissions what a cached table entry holds of rights
 */
record Arm64TlbRules(
    Arm64PteFormat format, long fixed, long permissions, long ofRun, long tablePermissions)
    implements TlbRules {
  static Arm64TlbRules of(Arm64PteFormat format, boolean lpa2) {
    List<EntryField> fields = format.fields();
    return new Arm64TlbRules(
        format,
        EntryField.bits(fields, EntryKind.PAGE, "TYPE ATTRINDX NS CONT" + (lpa2 ? "" : " SH")),
        EntryField.bits(fields, EntryKind.PAGE, "AP1 AP2 nG GP PXN UXN") | format.dirtied(),
        EntryField.bits(fields, EntryKind.PAGE, "AP1 nG GP PXN UXN"),
        EntryField.bits(fields, EntryKind.TABLE, "PXNTable UXNTable APTable0 APTable1 NSTable"));
  }

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
    boolean inRun = ((oldRaw | newRaw) & format.bits().contiguous()) != 0;
    boolean toGlobal = (changed & oldRaw & format.bits().notGlobal()) != 0;
    if ((changed & (fixed | format.frameMask(level))) != 0
        || toGlobal
        || (inRun && (changed & ofRun) != 0)) {
      return wasLeaf ? TlbDuty.BREAK_LEAF_BEFORE_MAKE : TlbDuty.BREAK_BEFORE_MAKE;
    }
    // Entries without AF are not cached, so only clearing it owes anything.
    long seen = changed & (permissions | (oldRaw & format.bits().young()));
    return seen == 0 ? TlbDuty.NONE : TlbDuty.FLUSH_LEAF;
  }

  private TlbDuty table(long changed) {
    if ((changed & format.bits().tableFrame()) != 0) {
      return TlbDuty.BREAK_BEFORE_MAKE;
    }
    return (changed & tablePermissions) == 0 ? TlbDuty.NONE : TlbDuty.FLUSH_WALK_CACHES;
  }
}
