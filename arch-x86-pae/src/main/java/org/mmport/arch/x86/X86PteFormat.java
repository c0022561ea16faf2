package org.mmport.arch.x86;

import org.mmport.spi.EntryLayout;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;

/**
 * PAE entries, and those of 4 bytes, with the software bits of 32-bit Linux. What is not present
 * and of 4 bytes holds its address as it is.
 *
 * <p>Hardware bits: Intel SDM volume 3A, tables 4-4 to 4-6 (32-bit paging), 4-8 to 4-11 (PAE).
 * Software bits: Linux {@code arch/x86/include/asm/pgtable_types.h}, {@code pgtable-2level.h},
 * {@code pgtable-3level.h}. Bit 10 is the saved dirty bit: 32-bit Linux has neither userfaultfd
 * write protection nor soft-dirty. Root entries of PAE are valid and an address: table 4-8; {@code
 * pud_populate()}.
 */
record X86PteFormat(EntryLayout layout) implements PteFormat {
  private static final String FIELDS =
      """
      THP  1     R/W         WRITE              writable
      THP  2     U/S         USER               user
      THP  5     A           YOUNG              accessed
      HP   6     D           DIRTY              dirty
      T    6     D           IGNORED            ignored; Linux sets it
      P    7     PAT         MEMORY_TYPE        PAT index bit 2
      HP   8     G           GLOBAL_OR_PROTNONE global; PROT_NONE if P=0
      T    11:8  IGN         IGNORED            ignored
      HP   9     SPECIAL     SPECIAL            software: no struct page
      HP   10    SAVED_DIRTY SAVED_DIRTY        software: D, while R/W=0
      HP   11    IGN         IGNORED            ignored
      H    12    PAT         MEMORY_TYPE        PAT index bit 2
      S    7     E           SWAP_EXCLUSIVE     anonymous exclusive
      S    8     0           RESERVED           or it would count as present
      [pae]
      THPSR 0    P           VALID              present
      R    2:1   0           RESERVED           must be zero
      THPR 3     PWT         MEMORY_TYPE        PAT index bit 0
      THPR 4     PCD         MEMORY_TYPE        PAT index bit 1
      R    5     A           OTHER              reserved when CR3 is loaded; QEMU sets it
      R    8:6   0           RESERVED           must be zero
      R    11:9  IGN         IGNORED            ignored
      R    63:52 0           RESERVED           must be zero
      TH   7     PS          LEAF               maps 2M
      H    20:13 0           RESERVED           must be zero
      H    51:21 ADDRESS     FRAME              physical address
      TPR  51:12 ADDRESS     FRAME              physical address
      THP  62:52 0           RESERVED           must be zero
      THP  63    XD          NO_EXEC            execute disable
      S    4:1   0           RESERVED           unused
      S    6:5   IGN         IGNORED            an erratum may set them
      S    58:9  OFFSET      SWAP_OFFSET_INVERTED offset
      S    63:59 TYPE        SWAP_TYPE          which swap device
      [2level]
      THPS 0     P           VALID              present
      THP  3     PWT         MEMORY_TYPE        PAT index bit 0
      THP  4     PCD         MEMORY_TYPE        PAT index bit 1
      TH   7     PS          LEAF               maps 4M
      H    20:13 ADDRESS_HI  FRAME_HIGH         address bits 39:32 (PSE-36)
      H    21    0           RESERVED           must be zero
      H    31:22 ADDRESS     FRAME              address bits 31:22
      TP   31:12 ADDRESS     FRAME              physical address
      S    5:1   TYPE        SWAP_TYPE          which swap device
      S    6     0           RESERVED           unused
      S    31:9  OFFSET      SWAP_OFFSET        offset
      """;

  /**
   * {@code protection_map} (arch/x86/mm/pgprot.c), {@code PAGE_KERNEL*}, {@code _PAGE_TABLE}; slots
   * 0, 1, 2 and 7 of the PAT as Linux loads it, {@code pat_bp_init()} in arch/x86/mm/pat/memtype.c.
   * The Knights Landing erratum may set A and D in an unused entry of 8 bytes.
   */
  private static final String FLAGS =
      """
      all: A
      none: G
      kernel: P G
      kernel write: R/W D
      user: P U/S
      user write: R/W
      WRITE_BACK:
      WRITE_COMBINE: PWT
      UNCACHED: PCD
      WRITE_THROUGH: PWT PCD PAT
      table: P R/W A D
      user table: U/S
      [pae]
      no-exec: XD
      unused: A D
      """;

  static X86PteFormat of(PagingGeometry geometry, String kind) {
    return new X86PteFormat(EntryLayout.of(geometry, FIELDS, FLAGS, kind));
  }

  /**
   * {@code pmd_bad()} wants exact flags; {@code pud_bad()}, for Linux calls the root of PAE a pud,
   * none besides.
   */
  @Override
  public boolean bad(long raw, Level level) {
    return (unlikeTable(raw) & (ofRoot(level) ? raw : -1)) != 0;
  }
}
