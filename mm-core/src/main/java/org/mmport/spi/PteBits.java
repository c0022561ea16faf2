package org.mmport.spi;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The masks behind {@link PteFormat}'s defaults, taken once from the field list. 0 where a variant
 * has no such bit. A record, because the JIT trusts the final fields of records and so sees
 * constants.
 */
public record PteBits(
    long valid,
    long write,
    long softwareWrite,
    long writeTable,
    long user,
    long noWrite,
    long noUser,
    long noKernelExec,
    long userTable,
    long noWriteTable,
    long noUserTable,
    long noExecTable,
    long noKernelExecTable,
    long young,
    long youngTable,
    long dirty,
    long savedDirty,
    long global,
    long notGlobal,
    long protnone,
    long invalidated,
    long noExec,
    long read,
    long exec,
    long leaf,
    long leafInPage,
    long pageOrTable,
    long contiguous,
    long memoryType,
    long hugeMemoryType,
    long key,
    long special,
    long softDirty,
    long uffdWp,
    long pageFrame,
    long hugeFrame,
    long tableFrame,
    long pageHigh,
    long hugeHigh,
    long tableHigh,
    int lift,
    long tableBits,
    long reservedInPage,
    long reservedInHuge,
    long reservedInTable,
    long validInRoot,
    long reservedInRoot,
    long readInLeaf,
    long readInTable,
    long swapType,
    long swapOffset,
    long swapInverted,
    long swapMark,
    long swapExclusive,
    long swapSoftDirty,
    long swapUffdWp) {
  private static final Set<EntryRole> NOT_READ =
      EnumSet.of(
          EntryRole.YOUNG,
          EntryRole.DIRTY,
          EntryRole.SAVED_DIRTY,
          EntryRole.SOFTWARE_WRITE,
          EntryRole.PROTNONE,
          EntryRole.INVALIDATED,
          EntryRole.SPECIAL,
          EntryRole.SOFT_DIRTY,
          EntryRole.UFFD_WP,
          EntryRole.IGNORED);

  /**
   * Takes each mask from the fields of that role in page entries, or in swap entries where it says
   * so.
   */
  public static PteBits of(List<EntryField> fields) {
    return new PteBits(
        mask(fields, EntryRole.VALID, EntryKind.PAGE),
        mask(fields, EntryRole.WRITE, EntryKind.PAGE)
            | mask(fields, EntryRole.SOFTWARE_WRITE, EntryKind.PAGE),
        mask(fields, EntryRole.SOFTWARE_WRITE, EntryKind.PAGE),
        mask(fields, EntryRole.WRITE, EntryKind.TABLE),
        mask(fields, EntryRole.USER, EntryKind.PAGE),
        mask(fields, EntryRole.NO_WRITE, EntryKind.PAGE),
        mask(fields, EntryRole.NO_USER, EntryKind.PAGE),
        mask(fields, EntryRole.NO_KERNEL_EXEC, EntryKind.PAGE),
        mask(fields, EntryRole.USER, EntryKind.TABLE),
        mask(fields, EntryRole.NO_WRITE, EntryKind.TABLE),
        mask(fields, EntryRole.NO_USER, EntryKind.TABLE),
        mask(fields, EntryRole.NO_EXEC, EntryKind.TABLE),
        mask(fields, EntryRole.NO_KERNEL_EXEC, EntryKind.TABLE),
        mask(fields, EntryRole.YOUNG, EntryKind.PAGE),
        mask(fields, EntryRole.YOUNG, EntryKind.TABLE),
        mask(fields, EntryRole.DIRTY, EntryKind.PAGE)
            | mask(fields, EntryRole.SAVED_DIRTY, EntryKind.PAGE),
        mask(fields, EntryRole.SAVED_DIRTY, EntryKind.PAGE),
        mask(fields, EntryRole.GLOBAL, EntryKind.PAGE)
            | mask(fields, EntryRole.GLOBAL_OR_PROTNONE, EntryKind.PAGE),
        mask(fields, EntryRole.NOT_GLOBAL_OR_INVALIDATED, EntryKind.PAGE),
        mask(fields, EntryRole.PROTNONE, EntryKind.PAGE)
            | mask(fields, EntryRole.GLOBAL_OR_PROTNONE, EntryKind.PAGE),
        mask(fields, EntryRole.INVALIDATED, EntryKind.PAGE)
            | mask(fields, EntryRole.NOT_GLOBAL_OR_INVALIDATED, EntryKind.PAGE),
        mask(fields, EntryRole.NO_EXEC, EntryKind.PAGE),
        mask(fields, EntryRole.READ, EntryKind.PAGE),
        mask(fields, EntryRole.EXEC, EntryKind.PAGE),
        mask(fields, EntryRole.LEAF, EntryKind.HUGE),
        mask(fields, EntryRole.LEAF, EntryKind.PAGE),
        mask(fields, EntryRole.PAGE_OR_TABLE, EntryKind.PAGE),
        mask(fields, EntryRole.CONTIGUOUS, EntryKind.PAGE),
        mask(fields, EntryRole.MEMORY_TYPE, EntryKind.PAGE),
        mask(fields, EntryRole.MEMORY_TYPE, EntryKind.HUGE),
        mask(fields, EntryRole.KEY, EntryKind.PAGE),
        mask(fields, EntryRole.SPECIAL, EntryKind.PAGE),
        mask(fields, EntryRole.SOFT_DIRTY, EntryKind.PAGE),
        mask(fields, EntryRole.UFFD_WP, EntryKind.PAGE),
        mask(fields, EntryRole.FRAME, EntryKind.PAGE)
            | mask(fields, EntryRole.FRAME_HIGH, EntryKind.PAGE),
        mask(fields, EntryRole.FRAME, EntryKind.HUGE)
            | mask(fields, EntryRole.FRAME_HIGH, EntryKind.HUGE),
        mask(fields, EntryRole.FRAME, EntryKind.TABLE)
            | mask(fields, EntryRole.FRAME_HIGH, EntryKind.TABLE),
        mask(fields, EntryRole.FRAME_HIGH, EntryKind.PAGE),
        mask(fields, EntryRole.FRAME_HIGH, EntryKind.HUGE),
        mask(fields, EntryRole.FRAME_HIGH, EntryKind.TABLE),
        lift(fields),
        mask(fields, EntryRole.TABLE_BITS, EntryKind.TABLE),
        mask(fields, EntryRole.RESERVED, EntryKind.PAGE),
        mask(fields, EntryRole.RESERVED, EntryKind.HUGE),
        mask(fields, EntryRole.RESERVED, EntryKind.TABLE),
        mask(fields, EntryRole.VALID, EntryKind.ROOT),
        mask(fields, EntryRole.RESERVED, EntryKind.ROOT),
        read(fields, EntryKind.PAGE) | read(fields, EntryKind.HUGE),
        read(fields, EntryKind.TABLE),
        mask(fields, EntryRole.SWAP_TYPE, EntryKind.SWAP),
        mask(fields, EntryRole.SWAP_OFFSET, EntryKind.SWAP)
            | mask(fields, EntryRole.SWAP_OFFSET_INVERTED, EntryKind.SWAP),
        mask(fields, EntryRole.SWAP_OFFSET_INVERTED, EntryKind.SWAP),
        mask(fields, EntryRole.SWAP_MARK, EntryKind.SWAP),
        mask(fields, EntryRole.SWAP_EXCLUSIVE, EntryKind.SWAP),
        mask(fields, EntryRole.SOFT_DIRTY, EntryKind.SWAP),
        mask(fields, EntryRole.UFFD_WP, EntryKind.SWAP));
  }

  /** The dirty bit that hardware sets. */
  public long hardwareDirty() {
    return dirty & ~savedDirty;
  }

  /**
   * The entry with its dirtiness where it belongs: in hardware's bit while the entry is writable,
   * in the saved one while it is not (x86: {@code mksaveddirty_shift}, {@code
   * clear_saveddirty_shift}); nothing keeps from writing what is writable and dirty.
   */
  public long settleDirty(long raw) {
    if (noWrite != 0) {
      return (raw & dirty) != 0 ? withoutNoWrite(raw) : raw;
    }
    if (savedDirty == 0 || (raw & dirty) == 0) {
      return raw;
    }
    return (raw & ~dirty) | ((raw & write) != 0 ? hardwareDirty() : savedDirty);
  }

  private long withoutNoWrite(long raw) {
    return (raw & write) != 0 ? raw & ~noWrite : raw;
  }

  /** A leaf as hardware leaves it that wrote through it. */
  long written(long raw) {
    return noWrite != 0 ? withoutNoWrite(raw) : raw | hardwareDirty();
  }

  /**
   * Whether an entry was written through, which where there is {@link EntryRole#NO_WRITE} it shows
   * by being writable without it.
   */
  boolean wasWritten(long raw) {
    return noWrite != 0 && (raw & (write | noWrite)) == write;
  }

  /** The same, dirty if it was written through, for what shows that to be taken away. */
  long keepDirty(long raw) {
    return wasWritten(raw) ? raw | dirty : raw;
  }

  /** Whether a leaf lets write, perhaps once hardware has taken {@link EntryRole#NO_WRITE} away. */
  boolean letsWrite(long raw) {
    return ((raw & write & ~softwareWrite) | (~raw & noWrite)) != 0;
  }

  /** Which of the rights to execute an entry leaves, to user code if it may use the entry. */
  int execRights(long raw, boolean user) {
    if (noKernelExec != 0) {
      return ((raw & noKernelExec) == 0 ? Rights.KERNEL_EXEC : 0)
          | ((raw & noExec) == 0 ? Rights.USER_EXEC : 0);
    }
    boolean runs = ((raw & noExec) | (~raw & exec)) == 0;
    return runs ? user ? Rights.EXEC : Rights.KERNEL_EXEC : 0;
  }

  /** What a table entry leaves to those below by the bits in it that take rights away. */
  public int rightsBelow(long raw) {
    return Rights.ALL
        & ((raw & noUserTable) != 0 ? ~(Rights.USER_READ | Rights.USER_WRITE) : -1)
        & ((raw & noWriteTable) != 0 ? ~Rights.WRITE : -1)
        & ((raw & noExecTable) != 0 ? ~Rights.USER_EXEC : -1)
        & ((raw & noKernelExecTable) != 0 ? ~Rights.KERNEL_EXEC : -1);
  }

  /** Whether a swap entry in the place of a huge leaf could be taken for an invalidated leaf. */
  public boolean swapHidesLeaf() {
    return (leaf & (swapType | swapOffset | swapExclusive | swapSoftDirty | swapUffdWp)) != 0;
  }

  /** Every bit that a protection decides: what is not kept where only the rights change. */
  public long protection() {
    return valid
        | write
        | noWrite
        | read
        | user
        | noUser
        | global
        | notGlobal
        | protnone
        | invalidated
        | exec
        | noExec
        | noKernelExec
        | key;
  }

  /** A page's flags with the memory type where a huge leaf has it. */
  public long typeInHuge(long flags) {
    return moved(flags, memoryType & ~hugeMemoryType, hugeMemoryType & ~memoryType);
  }

  /** A huge leaf's flags with the memory type where a page has it. */
  public long typeInPage(long flags) {
    return moved(flags, hugeMemoryType & ~memoryType, memoryType & ~hugeMemoryType);
  }

  private static long moved(long flags, long from, long to) {
    return from == 0 ? flags : (flags & ~from) | Long.expand(Long.compress(flags, from), to);
  }

  /** How far up bits of an address go that belong above the rest (PSE-36, LPA, LPA2). */
  private static int lift(List<EntryField> fields) {
    long low = mask(fields, EntryRole.FRAME, EntryKind.HUGE);
    long high = mask(fields, EntryRole.FRAME_HIGH, EntryKind.HUGE);
    return high == 0
        ? 0
        : Long.SIZE - Long.numberOfLeadingZeros(low) - Long.numberOfTrailingZeros(high);
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

  /** What hardware reads, but its own marks; what it faults on where it is set, too. */
  private static long read(List<EntryField> fields, EntryKind kind) {
    long mask = 0;
    for (EntryField field : fields) {
      mask |= field.kinds().contains(kind) && !NOT_READ.contains(field.role()) ? field.mask() : 0;
    }
    return mask;
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
