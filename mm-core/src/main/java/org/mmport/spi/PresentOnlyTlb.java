package org.mmport.spi;

/**
 * The rules of a TLB that caches only present entries and forgets by itself what a fault showed to
 * be stale, so that making an entry or raising its rights creates no duty where the bits that
 * hardware reads stay (x86, and what is built like it).
 *
 * @param format the bits of entries
 * @param table what hardware reads from a table entry
 * @param leaf what hardware reads from a leaf
 * @param lostInPage which bits hardware would set again too late once they are cleared in a page
 * @param lostInHuge the same in a larger leaf
 */
public record PresentOnlyTlb(
    PteFormat format, long table, long leaf, long lostInPage, long lostInHuge) implements TlbRules {
  /** One whose TLB holds what the fields say that hardware reads. */
  public static PresentOnlyTlb of(PteFormat format, long lostInPage, long lostInHuge) {
    PteBits bits = format.bits();
    return new PresentOnlyTlb(
        format, bits.readInTable(), bits.readInLeaf(), lostInPage, lostInHuge);
  }

  @Override
  public TlbDuty duty(long oldRaw, long newRaw, Level level) {
    if (!format.valid(oldRaw, level)) {
      return TlbDuty.NONE;
    }
    long changed = oldRaw ^ newRaw;
    boolean toTable = format.valid(newRaw, level) && !format.leaf(newRaw, level);
    if (toTable || !format.leaf(oldRaw, level)) {
      return (changed & table) == 0 ? TlbDuty.NONE : TlbDuty.FLUSH_WALK_CACHES;
    }
    long onClear = oldRaw & (level == Level.PTE ? lostInPage : lostInHuge);
    return (changed & (leaf | onClear)) == 0 ? TlbDuty.NONE : TlbDuty.FLUSH_LEAF;
  }
}
