package org.mmport.spi;

import java.util.List;

/**
 * The bits of an entry, on raw {@code long}s in native form. No method allocates, has a side
 * effect, or keeps state.
 *
 * <p>The vocabulary and its laws are those of Linux's {@code
 * Documentation/mm/arch_pgtable_helpers.rst}; the suite checks what {@code mm/debug_vm_pgtable.c}
 * asserts. A method that takes a {@link Level} is asked only at levels that are not folded.
 * Defaults work on {@link #bits()} and suit an architecture where each word of the vocabulary is
 * one bit with its plain meaning; override where it is not.
 *
 * <p>A {@code mk*} for a bit that the variant does not have throws {@link
 * UnsupportedMmuFeatureException}; asking for such a bit answers false.
 */
public interface PteFormat {

  /** What of its entries is data; kept in a final field by the port. */
  EntryLayout layout();

  /** {@link EntryLayout#fields}. */
  default List<EntryField> fields() {
    return layout().fields();
  }

  /** {@link EntryLayout#bits}. */
  default PteBits bits() {
    return layout().bits();
  }

  /** {@link EntryLayout#flags}. */
  default EntryFlags flags() {
    return layout().flags();
  }

  /** {@link EntryLayout#leaves}. */
  default LevelMasks leaves() {
    return layout().leaves();
  }

  /** Whether entries of the level are of {@link EntryKind#ROOT}. */
  default boolean ofRoot(Level level) {
    return level == Level.PGD && bits().validInRoot() != 0;
  }

  // What hardware sees.

  /**
   * Whether hardware uses the entry: {@code P} on x86, {@code VALID} on arm64, with what tells
   * pages from blocks where there is only one of them, and nothing that makes it PROT_NONE.
   */
  default boolean valid(long raw, Level level) {
    long valid = layout().valid().at(level);
    return (raw & valid) == valid && !flags().tellsNone(raw);
  }

  /** Whether a present entry maps memory rather than a table. Always true at PTE. */
  default boolean leaf(long raw, Level level) {
    if (level == Level.PTE) {
      return true;
    }
    boolean marked = (raw & bits().leaf()) != 0 || (~raw & bits().pageOrTable()) != 0;
    return marked && leaves().at(level) != 0;
  }

  /**
   * Bits that are set although hardware demands zero there; 0 where all is well. Asked of valid
   * entries.
   */
  default long reserved(long raw, Level level) {
    if (leaf(raw, level)) {
      return raw & (level == Level.PTE ? bits().reservedInPage() : bits().reservedInHuge());
    }
    if (ofRoot(level)) {
      return raw & bits().reservedInRoot();
    }
    return (raw & reservedInTable(level)) | ((raw & bits().tableBits()) ^ nextBits(level));
  }

  /** What entries of a level say of the size of the tables that they point at. */
  private long nextBits(Level level) {
    return bits().tableBits() == 0 ? 0 : layout().next().at(level);
  }

  private long reservedInTable(Level level) {
    return bits().reservedInTable() | (leaves().at(level) == 0 ? bits().leaf() : 0);
  }

  /**
   * The {@link Rights} that a valid entry, table or leaf, leaves to what is below it. Being old
   * takes none away, also where hardware refuses old leaves for software to make them young.
   * Entries of {@link EntryKind#ROOT} take none away.
   */
  default int rights(long raw, Level level) {
    if (ofRoot(level)) {
      return Rights.ALL;
    }
    if ((bits().writeTable() | bits().userTable()) == 0 && !leaf(raw, level)) {
      return bits().rightsBelow(raw);
    }
    boolean read = bits().read() == 0 || (raw & (bits().read() | bits().write())) != 0;
    int data = (read ? Rights.KERNEL_READ : 0) | (bits().letsWrite(raw) ? Rights.KERNEL_WRITE : 0);
    boolean user = ((raw & bits().user()) | (~raw & bits().noUser())) != 0;
    // In Rights, the user's three bits are the kernel's, shifted up by three.
    return (user ? data | data << 3 : data) | (guarded(raw) ? 0 : bits().execRights(raw, user));
  }

  private boolean guarded(long raw) {
    return flags().guarded() != 0 && (raw & bits().memoryType()) == flags().guarded();
  }

  /**
   * What the rights that all levels of a walk leave come to: those, without any that another one
   * excludes. On arm64 the kernel runs nothing that user code may write, and whether it may is
   * known only when all levels are.
   */
  default int effectiveRights(int left) {
    return left;
  }

  /** Physical address of the next table, from a valid table entry. */
  default long tableAddr(long raw, Level level) {
    long high = bits().tableHigh();
    return (raw & (bits().tableFrame() ^ high)) | (raw & high) << bits().lift();
  }

  /**
   * Physical address of the first byte that a present leaf maps; also of a leaf made invalid or
   * PROT_NONE.
   */
  default long physAddr(long raw, Level level) {
    long high = frameHigh(level);
    long stored = raw ^ inverted(raw);
    return (stored & (frameMask(level) ^ high)) | (stored & high) << bits().lift();
  }

  /**
   * All ones where an entry with these bits holds its address or swap offset inverted, 0 where it
   * does not. x86 inverts in entries that are not present, so that L1TF finds no memory behind them
   * ({@code pgtable-invert.h}, {@code __pte_needs_invert()}).
   */
  default long inverted(long raw) {
    return bits().swapInverted() == 0 || (raw & bits().valid()) != 0 || raw == 0 ? 0 : -1;
  }

  /** Where the address of a leaf of this level lies. */
  default long frameMask(Level level) {
    long frame = level == Level.PTE ? bits().pageFrame() : bits().hugeFrame();
    return (frame & leaves().at(level)) | frameHigh(level);
  }

  private long frameHigh(Level level) {
    return level == Level.PTE ? bits().pageHigh() : bits().hugeHigh();
  }

  /**
   * A valid entry as hardware leaves it that was led on or through by it: marked as accessed, where
   * entries of its kind have such a mark, as those of {@link EntryKind#ROOT} have not. Asked only
   * where the variant has {@link MmuFeature#HW_ACCESSED}. Intel SDM volume 3A, section 4.8; Arm ARM
   * DDI 0487, D8.5.
   */
  default long touched(long raw, Level level) {
    if (ofRoot(level)) {
      return raw;
    }
    return raw | (leaf(raw, level) ? bits().young() : bits().youngTable());
  }

  /**
   * A valid leaf, touched already, as hardware leaves it after a write that its rights permit. The
   * same where nothing is left to be marked, so that a TLB need not look again. Asked only where
   * the variant has {@link MmuFeature#HW_DIRTY}. Sources as for {@link #touched}.
   */
  default long written(long raw, Level level) {
    return bits().written(raw);
  }

  // What the kernel sees.

  /** The value of an unused entry; not zero on every architecture. */
  default long empty(Level level) {
    return 0;
  }

  /** Whether the entry is unused, whatever bits hardware may have left in it. */
  default boolean none(long raw, Level level) {
    return (raw & ~flags().stray(level)) == empty(level);
  }

  /**
   * Whether the entry is a mapping for Linux: valid, or kept from hardware on purpose: PROT_NONE,
   * or a huge leaf made invalid, which its leaf bit tells ({@code pmd_present()} of x86) where swap
   * entries have not got it.
   */
  default boolean present(long raw, Level level) {
    long leaf = level == Level.PTE ? 0 : bits().leaf() & ~bits().swapMark();
    boolean kept = (raw & (bits().valid() | bits().invalidated() | leaf)) != 0;
    boolean another = level == Level.PTE && (~raw & bits().leafInPage()) != 0;
    return (kept && !another) || valid(raw, level) || protnone(raw, level);
  }

  /**
   * Whether a present entry above PTE is not a sane table entry. A huge leaf is bad in this sense.
   */
  default boolean bad(long raw, Level level) {
    return !valid(raw, level) || leaf(raw, level) || (raw & flags().badTable()) != 0;
  }

  /**
   * Bits in which an entry is unlike those that the kernel makes for its own tables, but for the
   * address, the accessed bit and the user's: where {@code pmd_bad()} wants exact flags.
   */
  default long unlikeTable(long raw) {
    long free = bits().tableFrame() | bits().userTable() | bits().youngTable();
    return (raw ^ flags().kernelTable()) & ~free;
  }

  /** Whether the entry is present for Linux but not for hardware, to catch every access. */
  default boolean protnone(long raw, Level level) {
    boolean marked = (raw & bits().protnone()) != 0 && (raw & bits().valid()) == 0;
    return marked || flags().tellsNone(raw);
  }

  default boolean young(long raw, Level level) {
    return (raw & bits().young()) != 0;
  }

  default boolean dirty(long raw, Level level) {
    return (raw & bits().dirty()) != 0 || bits().wasWritten(raw);
  }

  default boolean write(long raw, Level level) {
    return (raw & bits().write()) != 0;
  }

  default boolean global(long raw, Level level) {
    boolean marked = (raw & bits().global()) != 0 || (~raw & bits().notGlobal()) != 0;
    return marked && (raw & bits().valid()) != 0;
  }

  default boolean special(long raw, Level level) {
    return (raw & bits().special()) != 0;
  }

  default boolean softDirty(long raw, Level level) {
    return (raw & bits().softDirty()) != 0;
  }

  default boolean uffdWp(long raw, Level level) {
    return (raw & bits().uffdWp()) != 0;
  }

  default long mkYoung(long raw, Level level) {
    return raw | bits().young();
  }

  default long mkOld(long raw, Level level) {
    return raw & ~bits().young();
  }

  /** Makes dirty, and soft-dirty where there is such a bit. */
  default long mkDirty(long raw, Level level) {
    return bits().settleDirty(raw | bits().dirty() | bits().softDirty());
  }

  default long mkClean(long raw, Level level) {
    return (raw & ~bits().dirty()) | bits().noWrite();
  }

  default long mkWrite(long raw, Level level) {
    return bits().settleDirty(raw | bits().write());
  }

  /** Takes write permission away and keeps the entry dirty if it was. */
  default long wrProtect(long raw, Level level) {
    return bits().settleDirty(bits().keepDirty(raw) & ~bits().write()) | bits().noWrite();
  }

  default long mkSpecial(long raw, Level level) {
    return raw | needed(bits().special(), MmuFeature.PTE_SPECIAL, "mkSpecial");
  }

  default long mkSoftDirty(long raw, Level level) {
    return raw | needed(bits().softDirty(), MmuFeature.SOFT_DIRTY, "mkSoftDirty");
  }

  default long clearSoftDirty(long raw, Level level) {
    return raw & ~bits().softDirty();
  }

  /** Marks for userfaultfd write protection, which takes write permission away. */
  default long mkUffdWp(long raw, Level level) {
    return wrProtect(raw, level) | needed(bits().uffdWp(), MmuFeature.UFFD_WP, "mkUffdWp");
  }

  default long clearUffdWp(long raw, Level level) {
    return raw & ~bits().uffdWp();
  }

  /** Makes a leaf above PTE invalid for hardware while it stays present and a leaf for Linux. */
  default long mkInvalid(long raw, Level level) {
    long flags = (raw & ~(bits().valid() | bits().protnone())) | bits().invalidated();
    return withPhysAddr(flags, physAddr(raw, level), level);
  }

  // Making entries.

  /**
   * The bits of a protection, without an address: Linux's {@code pgprot_t}. Old and clean or young
   * and clean as the architecture's {@code protection_map} has it; never dirty for user
   * protections.
   *
   * @throws InvalidRequestException for a key or memory type that entries cannot hold
   */
  default long pgprot(Protection protection) {
    return flags().pgprot(protection) | bits().keyBits(protection.key());
  }

  /**
   * A leaf. The address is aligned to the level's span and within paBits: the caller has checked
   * that.
   */
  default long mkLeaf(long physAddr, long pgprot, Level level) {
    long flags =
        level == Level.PTE
            ? pgprot | bits().leafInPage()
            : (bits().typeInHuge(pgprot) & ~bits().pageOrTable()) | bits().leaf();
    return withPhysAddr(flags, physAddr, level);
  }

  /**
   * The same leaf with other rights; keeps address, young, dirty, software bits and memory type.
   */
  default long modify(long raw, long pgprot, Level level) {
    long protection = bits().protection() | flags().changed();
    long kept = bits().keepDirty(raw) & ~protection;
    long flags = bits().settleDirty(kept | (pgprot & protection));
    return withPhysAddr(flags, physAddr(raw, level), level);
  }

  /**
   * The same leaf at another address; what Linux calls {@code pte_advance_pfn} goes through this.
   */
  default long withPhysAddr(long raw, long physAddr, Level level) {
    long mask = frameMask(level);
    long high = frameHigh(level);
    long placed = (physAddr & (mask ^ high)) | (physAddr >>> bits().lift() & high);
    return (raw & ~mask) | ((placed ^ inverted(raw)) & mask);
  }

  /**
   * The leaf of a lower level that maps the start of what this leaf maps, alike in everything but
   * size.
   */
  default long splitLeaf(long raw, Level level, Level lower) {
    long single = raw & ~bits().contiguous();
    long flags =
        lower == Level.PTE
            ? bits().typeInPage(single & ~bits().leaf())
                | bits().leafInPage()
                | bits().pageOrTable()
            : single;
    return withPhysAddr(flags, physAddr(raw, level), lower);
  }

  /**
   * A table entry through which nobody writes, whatever leaves below it permit; {@code raw} itself
   * where entries of the level have no such bit (ppc64, the root of PAE), or have it set.
   */
  default long wrProtectTable(long raw, Level level) {
    return (raw & ~bits().writeTable()) | bits().noWriteTable();
  }

  /** A table entry that leaves the right to write to what is below it. */
  default long mkWriteTable(long raw, Level level) {
    return (raw | bits().writeTable()) & ~bits().noWriteTable();
  }

  /**
   * An entry that points at a table; {@code level} is the level of the entry. Leaves all rights to
   * those below. One of {@link EntryKind#ROOT} is valid and an address, nothing else.
   */
  default long mkTable(long physAddr, Level level, TableOwner owner) {
    if (ofRoot(level)) {
      return physAddr | bits().validInRoot();
    }
    long high = bits().tableHigh();
    long low = physAddr & (bits().tableFrame() ^ high);
    return flags().table(owner) | nextBits(level) | low | (physAddr >>> bits().lift() & high);
  }

  // Entries that are neither none nor present.

  /** Whether the entry is neither none nor present. */
  default boolean swap(long raw, Level level) {
    return !none(raw, level) && !present(raw, level);
  }

  /** How many swap types an entry can tell apart. */
  default long swapTypes() {
    return 1L << Long.bitCount(bits().swapType());
  }

  /** How many offsets a swap entry can hold. */
  default long swapOffsets() {
    return 1L << Long.bitCount(bits().swapOffset());
  }

  /**
   * A swap entry, unmarked. The one whose entry would be none (type 0 with the first or last
   * offset, where the format has nothing else to tell it by) is refused.
   *
   * @throws InvalidRequestException when type or offset does not fit
   * @throws UnsupportedMmuFeatureException above PTE without {@link MmuFeature#HUGE_SWAP}
   */
  default long mkSwap(int type, long offset, Level level) {
    SwapRange.check(this, type, offset);
    if (level != Level.PTE && bits().swapHidesLeaf()) {
      throw new UnsupportedMmuFeatureException(MmuFeature.HUGE_SWAP, "mkSwap at " + level);
    }
    long raw =
        Long.expand(type, bits().swapType())
            | Long.expand(offset ^ inverted(~bits().valid()), bits().swapOffset())
            | bits().swapMark();
    if (none(raw, level)) {
      throw new InvalidRequestException(
          "swap type %d offset 0x%x: its entry would be none; take another offset"
              .formatted(type, offset));
    }
    return raw;
  }

  default int swapType(long raw, Level level) {
    return (int) Long.compress(raw, bits().swapType());
  }

  default long swapOffset(long raw, Level level) {
    return Long.compress(raw ^ inverted(raw), bits().swapOffset());
  }

  default boolean swapExclusive(long raw, Level level) {
    return (raw & bits().swapExclusive()) != 0;
  }

  default long swapMkExclusive(long raw, Level level) {
    return raw | bits().swapExclusive();
  }

  default long swapClearExclusive(long raw, Level level) {
    return raw & ~bits().swapExclusive();
  }

  default boolean swapSoftDirty(long raw, Level level) {
    return (raw & bits().swapSoftDirty()) != 0;
  }

  default long swapMkSoftDirty(long raw, Level level) {
    return raw | needed(bits().swapSoftDirty(), MmuFeature.SOFT_DIRTY, "swapMkSoftDirty");
  }

  default long swapClearSoftDirty(long raw, Level level) {
    return raw & ~bits().swapSoftDirty();
  }

  default boolean swapUffdWp(long raw, Level level) {
    return (raw & bits().swapUffdWp()) != 0;
  }

  default long swapMkUffdWp(long raw, Level level) {
    return raw | needed(bits().swapUffdWp(), MmuFeature.UFFD_WP, "swapMkUffdWp");
  }

  default long swapClearUffdWp(long raw, Level level) {
    return raw & ~bits().swapUffdWp();
  }

  private static long needed(long mask, MmuFeature feature, String operation) {
    if (mask == 0) {
      throw new UnsupportedMmuFeatureException(feature, operation);
    }
    return mask;
  }
}
