package org.mmport.spi;

/** What the TLB demands: pure functions of an entry's change. */
@FunctionalInterface
public interface TlbRules {

  /**
   * The duty that arises when an entry of a live table changes from one value to another. Neither
   * more than the architecture demands nor less; the core rounds up where that is cheaper.
   *
   * <p>Where a leaf takes the place of an empty entry, an empty entry that of a leaf, or a leaf
   * that of one which maps the same, the duty is the same for every frame: the core asks once for a
   * run of leaves that differ in nothing else.
   *
   * @param oldRaw value that CPUs may have cached
   * @param newRaw value that they must come to see
   */
  TlbDuty duty(long oldRaw, long newRaw, Level level);

  /**
   * The same where software walks the tables, so that nothing caches them: what was cached of the
   * leaves below one that goes must go with it.
   */
  default TlbRules walkedBySoftware() {
    return (oldRaw, newRaw, level) -> {
      TlbDuty duty = duty(oldRaw, newRaw, level);
      return duty.scope() == FlushScope.WALK_CACHES ? TlbDuty.FLUSH_LEAF : duty;
    };
  }
}
