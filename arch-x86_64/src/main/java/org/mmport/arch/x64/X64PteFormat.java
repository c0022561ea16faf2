package org.mmport.arch.x64;

import java.util.List;
import org.mmport.spi.EntryField;
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
  static final long A = 1L << 5;
  static final long D = 1L << 6;

  /** PS in a table or huge entry, PAT in a page entry. */
  static final long PS = 1L << 7;

  /** Global where P is set, PROT_NONE where it is not. */
  static final long G = 1L << 8;

  static final long PAT_LARGE = 1L << 12;
  static final long ADDRESS = 0x000f_ffff_ffff_f000L;
  private static final long ADDRESS_2M = 0x000f_ffff_ffe0_0000L;
  private static final long ADDRESS_1G = 0x000f_ffff_c000_0000L;

  static final long PK = 15L << 59;
  static final long XD = 1L << 63;

  private static final List<EntryField> FIELDS =
      EntryField.table(
          """
          THPS 0     P           VALID              present
          THP  1     R/W         WRITE              writable
          THP  2     U/S         USER               user
          THP  3     PWT         MEMORY_TYPE        PAT index bit 0
          THP  4     PCD         MEMORY_TYPE        PAT index bit 1
          THP  5     A           YOUNG              accessed
          HP   6     D           DIRTY              dirty
          T    6     IGN         IGNORED            ignored; Linux sets it
          TH   7     PS          LEAF               maps 2M or 1G; 0 in PML4E, PML5E
          P    7     PAT         MEMORY_TYPE        PAT index bit 2
          HP   8     G           GLOBAL_OR_PROTNONE global; PROT_NONE if P=0
          T    11:8  IGN         IGNORED            ignored
          HP   9     SPECIAL     SPECIAL            software: no struct page
          HP   10    UFFD_WP     UFFD_WP            software: userfaultfd
          HP   11    SOFT_DIRTY  SOFT_DIRTY         software: written to
          H    12    PAT         MEMORY_TYPE        PAT index bit 2
          H    51:13 ADDRESS     FRAME              low bits 0: 20:13 or 29:13
          TP   51:12 ADDRESS     FRAME              physical address
          HP   57:52 IGN         IGNORED            ignored
          HP   58    SAVED_DIRTY SAVED_DIRTY        software: D, while R/W=0
          HP   62:59 PK          KEY                protection key
          T    62:52 IGN         IGNORED            ignored
          THP  63    XD          NO_EXEC            execute disable
          S    1     SD          SOFT_DIRTY         soft-dirty
          S    2     F           UFFD_WP            userfaultfd write-protected
          S    3     E           SWAP_EXCLUSIVE     anonymous exclusive
          S    6:4   IGN         IGNORED            an erratum may set 6:5
          S    8:7   0           RESERVED           or it would count as present
          S    58:9  OFFSET      SWAP_OFFSET        offset, inverted
          S    63:59 TYPE        SWAP_TYPE          which swap device
          """);

  static final X64PteFormat INSTANCE = new X64PteFormat(FIELDS, PteBits.of(FIELDS));

  @Override
  public boolean leaf(long raw, Level level) {
    return level == Level.PTE || ((raw & PS) != 0 && mayBeHuge(level));
  }

  private static boolean mayBeHuge(Level level) {
    return level == Level.PMD || level == Level.PUD;
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

  /** {@code protection_map} (arch/x86/mm/pgprot.c) and {@code PAGE_KERNEL*}. */
  @Override
  public long pgprot(Protection protection) {
    // Slots of the PAT as Linux loads it, arch/x86/mm/pat/memtype.c: pat_bp_init().
    int slot =
        switch (protection.memoryType()) {
          case WRITE_BACK -> 0;
          case WRITE_COMBINE -> 1;
          case UNCACHED -> 2;
          case WRITE_THROUGH -> 7;
        };
    long flags =
        Long.expand(slot, bits.memoryType())
            | A
            | bits.keyBits(protection.key())
            | (protection.exec() ? 0 : XD);
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
}
