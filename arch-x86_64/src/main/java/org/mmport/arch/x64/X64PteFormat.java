package org.mmport.arch.x64;

import org.mmport.spi.EntryLayout;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;

/**
 * Entries of 4-level and 5-level paging, with the software bits of 64-bit Linux.
 *
 * <p>Hardware bits: Intel SDM volume 3A, section 4.5, tables 4-14 to 4-20 (chapter 5 since 2023).
 * Software bits and the {@code mk*} rules: Linux {@code arch/x86/include/asm/pgtable_types.h} and
 * {@code pgtable.h}.
 */
record X64PteFormat(EntryLayout layout) implements PteFormat {
  private static final String FIELDS =
      """
      THPS 0     P           VALID                present
      THP  1     R/W         WRITE                writable
      THP  2     U/S         USER                 user
      THP  3     PWT         MEMORY_TYPE          PAT index bit 0
      THP  4     PCD         MEMORY_TYPE          PAT index bit 1
      THP  5     A           YOUNG                accessed
      HP   6     D           DIRTY                dirty
      T    6     D           IGNORED              ignored; Linux sets it
      TH   7     PS          LEAF                 maps 2M or 1G; 0 in PML4E, PML5E
      P    7     PAT         MEMORY_TYPE          PAT index bit 2
      HP   8     G           GLOBAL_OR_PROTNONE   global; PROT_NONE if P=0
      T    11:8  IGN         IGNORED              ignored
      HP   9     SPECIAL     SPECIAL              software: no struct page
      HP   10    UFFD_WP     UFFD_WP              software: userfaultfd
      HP   11    SOFT_DIRTY  SOFT_DIRTY           software: written to
      H    12    PAT         MEMORY_TYPE          PAT index bit 2
      H    51:13 ADDRESS     FRAME                low bits 0: 20:13 or 29:13
      TP   51:12 ADDRESS     FRAME                physical address
      HP   57:52 IGN         IGNORED              ignored
      HP   58    SAVED_DIRTY SAVED_DIRTY          software: D, while R/W=0
      HP   62:59 PK          KEY                  protection key
      T    62:52 IGN         IGNORED              ignored
      THP  63    XD          NO_EXEC              execute disable
      S    1     SD          SOFT_DIRTY           soft-dirty
      S    2     F           UFFD_WP              userfaultfd write-protected
      S    3     E           SWAP_EXCLUSIVE       anonymous exclusive
      S    6:4   IGN         IGNORED              an erratum may set 6:5
      S    8:7   0           RESERVED             or it would count as present
      S    58:9  OFFSET      SWAP_OFFSET_INVERTED offset
      S    63:59 TYPE        SWAP_TYPE            which swap device
      """;

  /**
   * {@code protection_map} (arch/x86/mm/pgprot.c), {@code PAGE_KERNEL*}, {@code _PAGE_TABLE}; slots
   * 0, 1, 2 and 7 of the PAT as Linux loads it, {@code pat_bp_init()} in arch/x86/mm/pat/memtype.c.
   * The Knights Landing erratum may set A and D in an unused entry.
   */
  private static final String FLAGS =
      """
      all: A
      none: G
      kernel: P G
      kernel write: R/W D
      user: P U/S
      user write: R/W
      no-exec: XD
      WRITE_BACK:
      WRITE_COMBINE: PWT
      UNCACHED: PCD
      WRITE_THROUGH: PWT PCD PAT
      table: P R/W A D
      user table: U/S
      unused: A D
      """;

  static X64PteFormat of(PagingGeometry geometry) {
    return new X64PteFormat(EntryLayout.of(geometry, FIELDS, FLAGS));
  }

  /** Tables 4-15 to 4-18: so are the bits of the address below the leaf's size. */
  @Override
  public long reserved(long raw, Level level) {
    boolean huge = level != Level.PTE && leaf(raw, level);
    long low = huge ? raw & bits().hugeFrame() & ~frameMask(level) : 0;
    return low | PteFormat.super.reserved(raw, level);
  }

  /** {@code pmd_bad()} wants exact flags; above, {@code p4d_bad()} admits the NX that PTI sets. */
  @Override
  public boolean bad(long raw, Level level) {
    long added = raw & ~(level == Level.PUD ? 0 : bits().noExec());
    return (unlikeTable(raw) & (level == Level.PMD ? -1 : added)) != 0;
  }
}
