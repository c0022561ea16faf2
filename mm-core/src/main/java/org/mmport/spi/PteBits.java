package org.mmport.spi;

import java.util.List;

/**
 * The masks behind {@link PteFormat}'s defaults, taken once from the field list. 0 where a variant
 * has no such bit. A record, because the JIT trusts the final fields of records and so sees
 * constants.
 */
public record PteBits(
    long valid,
    long write,
    long writeTable,
    long noWriteTable,
    long user,
    long young,
    long youngTable,
    long dirty,
    long savedDirty,
    long global,
    long protnone,
    long noExec,
    long leaf,
    long memoryType,
    long key,
    long special,
    long softDirty,
    long uffdWp,
    long pageFrame,
    long hugeFrame,
    long tableFrame,
    long swapType,
    long swapOffset,
    long swapExclusive,
    long swapSoftDirty,
    long swapUffdWp) {

  /**
   * Takes each mask from the fields of that role in page entries, or in swap entries where it says
   * so.
   */
  public static PteBits of(List<EntryField> fields) {
    return new PteBits(
        mask(fields, EntryRole.VALID, EntryKind.PAGE),
        mask(fields, EntryRole.WRITE, EntryKind.PAGE),
        mask(fields, EntryRole.WRITE, EntryKind.TABLE),
        mask(fields, EntryRole.NO_WRITE, EntryKind.TABLE),
        mask(fields, EntryRole.USER, EntryKind.PAGE),
        mask(fields, EntryRole.YOUNG, EntryKind.PAGE),
        mask(fields, EntryRole.YOUNG, EntryKind.TABLE),
        mask(fields, EntryRole.DIRTY, EntryKind.PAGE)
            | mask(fields, EntryRole.SAVED_DIRTY, EntryKind.PAGE),
        mask(fields, EntryRole.SAVED_DIRTY, EntryKind.PAGE),
        mask(fields, EntryRole.GLOBAL, EntryKind.PAGE)
            | mask(fields, EntryRole.GLOBAL_OR_PROTNONE, EntryKind.PAGE),
        mask(fields, EntryRole.PROTNONE, EntryKind.PAGE)
            | mask(fields, EntryRole.GLOBAL_OR_PROTNONE, EntryKind.PAGE),
        mask(fields, EntryRole.NO_EXEC, EntryKind.PAGE),
        mask(fields, EntryRole.LEAF, EntryKind.HUGE),
        mask(fields, EntryRole.MEMORY_TYPE, EntryKind.PAGE),
        mask(fields, EntryRole.KEY, EntryKind.PAGE),
        mask(fields, EntryRole.SPECIAL, EntryKind.PAGE),
        mask(fields, EntryRole.SOFT_DIRTY, EntryKind.PAGE),
        mask(fields, EntryRole.UFFD_WP, EntryKind.PAGE),
        mask(fields, EntryRole.FRAME, EntryKind.PAGE),
        mask(fields, EntryRole.FRAME, EntryKind.HUGE),
        mask(fields, EntryRole.FRAME, EntryKind.TABLE),
        mask(fields, EntryRole.SWAP_TYPE, EntryKind.SWAP),
        mask(fields, EntryRole.SWAP_OFFSET, EntryKind.SWAP),
        mask(fields, EntryRole.SWAP_EXCLUSIVE, EntryKind.SWAP),
        mask(fields, EntryRole.SOFT_DIRTY, EntryKind.SWAP),
        mask(fields, EntryRole.UFFD_WP, EntryKind.SWAP));
  }

  /**
   * The entry with its dirtiness where it belongs: in hardware's bit while the entry is writable,
   * in the saved one while it is not (x86: {@code mksaveddirty_shift}, {@code
   * clear_saveddirty_shift}).
   */
  public long settleDirty(long raw) {
    if (savedDirty == 0 || (raw & dirty) == 0) {
      return raw;
    }
    return (raw & ~dirty) | ((raw & write) != 0 ? dirty & ~savedDirty : savedDirty);
  }

  /** Whether a swap entry in the place of a huge leaf could be taken for an invalidated leaf. */
  public boolean swapHidesLeaf() {
    return (leaf & (swapType | swapOffset | swapExclusive | swapSoftDirty | swapUffdWp)) != 0;
  }

  /** Every bit that a protection decides: what is not kept where only the rights change. */
  public long protection() {
    return valid | write | user | global | protnone | noExec | key;
  }

  /**
   * The bits of a protection key.
   *
   * @throws InvalidRequestException for one that entries cannot hold
   */
  public long keyBits(int value) {
    long keys = 1L << Long.bitCount(key);
    if (value < 0 || value >= keys) {
      throw new InvalidRequestException(
          "protection key " + value + ": entries hold 0.." + (keys - 1));
    }
    return Long.expand(value, key);
  }

  private static long mask(List<EntryField> fields, EntryRole role, EntryKind kind) {
    long mask = 0;
    for (EntryField field : fields) {
      if (field.role() == role && field.kinds().contains(kind)) {
        mask |= field.mask();
      }
    }
    return mask;
  }
}
