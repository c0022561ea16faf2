package org.mmport.spi;

import java.util.List;

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

  /**
   * One whose TLB holds fields that are named, as {@link EntryField#bits} reads names.
   *
   * @param table of a table's entry
   * @param leaf of a page's entry
   * @param lost which fields hardware would set again too late once they are cleared in a leaf
   */
  public static PresentOnlyTlb of(PteFormat format, String table, String leaf, String lost) {
    List<EntryField> fields = format.fields();
    long onClear = EntryField.bits(fields, EntryKind.PAGE, lost);
    return new PresentOnlyTlb(
        format,
        EntryField.bits(fields, EntryKind.TABLE, table),
        EntryField.bits(fields, EntryKind.PAGE, leaf),
        onClear,
        onClear);
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
