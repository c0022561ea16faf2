package org.mmport.conformance;

import java.util.Set;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/** TLBs that never were: plain rules, and what features add to them. */
record FakeTlbRules(PteFormat format, Level root, Set<MmuFeature> features) implements TlbRules {
  private static final TlbDuty RELOAD_ONLY = new TlbDuty(FlushScope.NONE, false, true);

  @Override
  public TlbDuty duty(long oldRaw, long newRaw, Level level) {
    boolean wasTable = isTable(oldRaw, level);
    boolean isTable = isTable(newRaw, level);
    if (oldRaw == newRaw) {
      return TlbDuty.NONE;
    }
    if (features.contains(MmuFeature.ROOT_ENTRIES_CACHED)
        && level == root
        && (wasTable || isTable)) {
      return wasTable ? TlbDuty.RELOAD_ROOT : RELOAD_ONLY;
    }
    if (!format.valid(oldRaw, level)) {
      return TlbDuty.NONE;
    }
    if (wasTable) {
      return TlbDuty.FLUSH_WALK_CACHES;
    }
    boolean moved = ((oldRaw ^ newRaw) & format.frameMask(level)) != 0;
    if (features.contains(MmuFeature.BREAK_BEFORE_MAKE)
        && format.valid(newRaw, level)
        && (isTable || moved)) {
      return TlbDuty.BREAK_LEAF_BEFORE_MAKE;
    }
    return isTable ? TlbDuty.FLUSH_WALK_CACHES : leaf(oldRaw, newRaw);
  }

  private TlbDuty leaf(long oldRaw, long newRaw) {
    long software =
        format.bits().special() | format.bits().softDirty() | format.bits().uffdWp() | FakeFormat.A;
    long onClear = oldRaw & FakeFormat.D;
    long seen = (oldRaw ^ newRaw) & ~software & ~(FakeFormat.D & ~onClear);
    return seen == 0 ? TlbDuty.NONE : TlbDuty.FLUSH_LEAF;
  }

  private boolean isTable(long raw, Level level) {
    return level != Level.PTE && format.valid(raw, level) && !format.leaf(raw, level);
  }
}
