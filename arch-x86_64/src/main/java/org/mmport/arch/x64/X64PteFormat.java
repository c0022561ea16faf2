package org.mmport.arch.x64;

import static org.mmport.spi.EntryField.bit;
import static org.mmport.spi.EntryKind.HUGE;
import static org.mmport.spi.EntryKind.PAGE;
import static org.mmport.spi.EntryKind.SWAP;
import static org.mmport.spi.EntryKind.TABLE;

import java.util.List;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryRole;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.PteBits;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/**
 * Entries of 4-level and 5-level paging, with the software bits of 64-bit Linux.
 *
 * <p>Hardware bits: Intel SDM volume 3A, section 4.5, tables 4-14 to 4-20 (chapter 5 since 2023).
 * Software bits and the {@code mk*} rules: Linux {@code arch/x86/include/asm/pgtable_types.h} and
 * {@code pgtable.h}.
 */
record X64PteFormat(List<EntryField> fields, PteBits bits) implements PteFormat {
  static final long P = 1L << 0;
  static final long RW = 1L << 1;
  static final long US = 1L << 2;
  static final long PWT = 1L << 3;
  static final long PCD = 1L << 4;
  static final long A = 1L << 5;
  static final long D = 1L << 6;

  /** PS in a table or huge entry, PAT in a page entry. */
  static final long PS = 1L << 7;

  /** Global where P is set, PROT_NONE where it is not. */
  static final long G = 1L << 8;

  static final long SOFT_DIRTY = 1L << 11;
  static final long PAT_LARGE = 1L << 12;
  static final long ADDRESS = 0x000f_ffff_ffff_f000L;
  private static final long ADDRESS_2M = 0x000f_ffff_ffe0_0000L;
  private static final long ADDRESS_1G = 0x000f_ffff_c000_0000L;

  /** Dirty bit of an entry that is not writable: R/W=0 with D=1 would be a shadow stack. */
  static final long SAVED_DIRTY = 1L << 58;

  static final long PK = 15L << 59;
  static final long XD = 1L << 63;

  /** What {@code _PAGE_CHG_MASK} and {@code _HPAGE_CHG_MASK} do not keep. */
  private static final long PROTECTION = P | RW | US | G | 0x3fL << 52 | PK | XD;

  private static final List<EntryField> FIELDS =
      List.of(
          bit("P", 0, EntryRole.VALID, "present"),
          bit("R/W", 1, EntryRole.WRITE, "writable", TABLE, HUGE, PAGE),
          bit("U/S", 2, EntryRole.USER, "user", TABLE, HUGE, PAGE),
          bit("PWT", 3, EntryRole.MEMORY_TYPE, "PAT index bit 0", TABLE, HUGE, PAGE),
          bit("PCD", 4, EntryRole.MEMORY_TYPE, "PAT index bit 1", TABLE, HUGE, PAGE),
          bit("A", 5, EntryRole.YOUNG, "accessed", TABLE, HUGE, PAGE),
          bit("D", 6, EntryRole.DIRTY, "dirty", HUGE, PAGE),
          bit("IGN", 6, EntryRole.IGNORED, "ignored; Linux sets it", TABLE),
          bit("PS", 7, EntryRole.LEAF, "maps 2M or 1G; 0 in PML4E, PML5E", TABLE, HUGE),
          bit("PAT", 7, EntryRole.MEMORY_TYPE, "PAT index bit 2", PAGE),
          bit("G", 8, EntryRole.GLOBAL, "global; PROT_NONE if P=0", HUGE, PAGE),
          EntryField.of("IGN", 11, 8, EntryRole.IGNORED, "ignored", TABLE),
          bit("SPECIAL", 9, EntryRole.SPECIAL, "software: no struct page", HUGE, PAGE),
          bit("UFFD_WP", 10, EntryRole.UFFD_WP, "software: userfaultfd", HUGE, PAGE),
          bit("SOFT_DIRTY", 11, EntryRole.SOFT_DIRTY, "software: written to", HUGE, PAGE),
          bit("PAT", 12, EntryRole.MEMORY_TYPE, "PAT index bit 2", HUGE),
          EntryField.of("ADDRESS", 51, 13, EntryRole.FRAME, "low bits 0: 20:13 or 29:13", HUGE),
          EntryField.of("ADDRESS", 51, 12, EntryRole.FRAME, "physical address", TABLE, PAGE),
          EntryField.of("IGN", 57, 52, EntryRole.IGNORED, "ignored", HUGE, PAGE),
          bit("SAVED_DIRTY", 58, EntryRole.DIRTY, "software: D, while R/W=0", HUGE, PAGE),
          EntryField.of("PK", 62, 59, EntryRole.KEY, "protection key", HUGE, PAGE),
          EntryField.of("IGN", 62, 52, EntryRole.IGNORED, "ignored", TABLE),
          bit("XD", 63, EntryRole.NO_EXEC, "execute disable", TABLE, HUGE, PAGE),
          // arch/x86/include/asm/pgtable_64.h, "Encode and de-code a swap entry"
          bit("SD", 1, EntryRole.SOFT_DIRTY, "soft-dirty", SWAP),
          bit("F", 2, EntryRole.UFFD_WP, "userfaultfd write-protected", SWAP),
          bit("E", 3, EntryRole.SWAP_EXCLUSIVE, "anonymous exclusive", SWAP),
          EntryField.of("IGN", 6, 4, EntryRole.IGNORED, "an erratum may set 6:5", SWAP),
          EntryField.of("0", 8, 7, EntryRole.RESERVED, "or it would count as present", SWAP),
          EntryField.of("OFFSET", 58, 9, EntryRole.SWAP_OFFSET, "offset, inverted", SWAP),
          EntryField.of("TYPE", 63, 59, EntryRole.SWAP_TYPE, "which swap device", SWAP));

  static final X64PteFormat INSTANCE = new X64PteFormat(FIELDS, PteBits.of(FIELDS));

  @Override
  public boolean leaf(long raw, Level level) {
    return level == Level.PTE || ((raw & PS) != 0 && (level == Level.PMD || level == Level.PUD));
  }

  @Override
  public long reserved(long raw, Level level) {
    return raw & (leaf(raw, level) ? ADDRESS & ~PAT_LARGE & ~frameMask(level) : PS);
  }

  @Override
  public long frameMask(Level level) {
    return level == Level.PTE ? ADDRESS : level == Level.PMD ? ADDRESS_2M : ADDRESS_1G;
  }

  /** {@code __pte_needs_invert()}. */
  @Override
  public long inverted(long raw) {
    return (raw & P) != 0 || raw == 0 ? 0 : -1L;
  }

  /** The Knights Landing erratum may set A and D in an unused entry. */
  @Override
  public boolean none(long raw, Level level) {
    return (raw & ~(A | D)) == 0;
  }

  /** {@code pmd_present()}: a huge leaf stays present while it is split or migrated. */
  @Override
  public boolean present(long raw, Level level) {
    return (raw & (level == Level.PTE ? P | G : P | G | PS)) != 0;
  }

  /** {@code pmd_bad()} wants exact flags; above, {@code p4d_bad()} admits the NX that PTI sets. */
  @Override
  public boolean bad(long raw, Level level) {
    long flags = raw & ~(ADDRESS | US | A);
    return level == Level.PMD
        ? flags != (P | RW | D)
        : (flags & ~(P | RW | D | (level == Level.PUD ? 0 : XD))) != 0;
  }

  @Override
  public boolean protnone(long raw, Level level) {
    return (raw & (P | G)) == G;
  }

  @Override
  public boolean global(long raw, Level level) {
    return (raw & (P | G)) == (P | G);
  }

  @Override
  public long mkDirty(long raw, Level level) {
    return saveDirty(raw | D | SOFT_DIRTY);
  }

  @Override
  public long mkWrite(long raw, Level level) {
    return restoreDirty(raw | RW);
  }

  @Override
  public long wrProtect(long raw, Level level) {
    return saveDirty(raw & ~RW);
  }

  @Override
  public long mkInvalid(long raw, Level level) {
    return withPhysAddr(raw & ~(P | G), physAddr(raw, level), level);
  }

  /** {@code protection_map} (arch/x86/mm/pgprot.c) and {@code PAGE_KERNEL*}. */
  @Override
  public long pgprot(Protection protection) {
    // Slots of the PAT as Linux loads it, arch/x86/mm/pat/memtype.c: pat_bp_init().
    long type =
        switch (protection.memoryType()) {
          case WRITE_BACK -> 0;
          case WRITE_COMBINE -> PWT;
          case UNCACHED -> PCD;
          case WRITE_THROUGH -> PS | PCD | PWT;
        };
    long flags = type | A | bits.keyBits(protection.key()) | (protection.exec() ? 0 : XD);
    if (protection.isNone()) {
      return (flags & ~XD) | G;
    }
    if (protection.owner() == TableOwner.KERNEL) {
      return flags | P | G | (protection.write() ? RW | D : 0);
    }
    return flags | P | US | (protection.write() && protection.shared() ? RW : 0);
  }

  @Override
  public long mkLeaf(long physAddr, long pgprot, Level level) {
    // protval_4k_2_large(): PAT makes room for PS.
    long flags = level == Level.PTE ? pgprot : (pgprot & ~PS) | (pgprot & PS) << 5 | PS;
    return withPhysAddr(flags, physAddr, level);
  }

  /** {@code pte_modify()}. */
  @Override
  public long modify(long raw, long pgprot, Level level) {
    long flags = (raw & ~PROTECTION) | (pgprot & PROTECTION);
    long leaf = withPhysAddr(flags, physAddr(raw, level), level);
    return (raw & RW) != 0 ? saveDirty(leaf) : restoreDirty(leaf);
  }

  @Override
  public long splitLeaf(long raw, Level level, Level lower) {
    long small = (raw & ~(PS | PAT_LARGE)) | (raw & PAT_LARGE) >> 5;
    return withPhysAddr(lower == Level.PTE ? small : raw, physAddr(raw, level), lower);
  }

  /** {@code _PAGE_TABLE} and {@code _KERNPG_TABLE}. */
  @Override
  public long mkTable(long physAddr, Level level, TableOwner owner) {
    return physAddr | P | RW | A | D | (owner == TableOwner.USER ? US : 0);
  }

  /** {@code mksaveddirty_shift()}. */
  private static long saveDirty(long raw) {
    return (raw & (RW | D)) == D ? (raw & ~D) | SAVED_DIRTY : raw;
  }

  /** {@code clear_saveddirty_shift()}. */
  private static long restoreDirty(long raw) {
    return (raw & (RW | SAVED_DIRTY)) == (RW | SAVED_DIRTY) ? (raw & ~SAVED_DIRTY) | D : raw;
  }
}
