package org.mmport.arch.arm64;

import org.mmport.spi.EntryLayout;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;

/**
 * Stage 1 descriptors of the EL1&amp;0 regime, with the software bits of Linux.
 *
 * <p>Hardware bits: Arm ARM DDI 0487, D8.3 (VMSAv8-64 descriptor formats) and D8.4 (permissions).
 * Bits that are RES0 are not looked at by hardware. Software bits and the {@code mk*} rules: Linux
 * {@code arch/arm64/include/asm/pgtable-prot.h} and {@code pgtable.h}.
 */
record Arm64PteFormat(EntryLayout layout) implements PteFormat {
  /**
   * Where addresses lie, D8.3.1: up to 48 bits in place; of 52, 64K keeps bits 51:48 in 15:12
   * ({@code PTE_ADDR_LOW}, {@code PTE_ADDR_HIGH}), and smaller granules bits 51:50 in 9:8, once
   * shareability, which TCR_EL1 then says: LPA2.
   */
  private static final String FIELDS =
      """
      THPS 0     VALID      VALID                     used by hardware
      THP  1     TYPE       PAGE_OR_TABLE             1: table or page, 0: block, if any
      HP   4:2   ATTRINDX   MEMORY_TYPE               slot of MAIR_EL1
      HP   5     NS         OTHER                     non-secure
      HP   6     AP1        USER                      EL0 may access
      HP   7     AP2        NO_WRITE                  read-only; with DBM: clean
      HP   10    AF         YOUNG                     accessed
      HP   11    nG         NOT_GLOBAL_OR_INVALIDATED not global; if not valid: present for Linux
      HP   50    GP         OTHER                     guarded (BTI)
      HP   52    CONT       CONTIGUOUS                one of a contiguous run
      HP   53    PXN        NO_KERNEL_EXEC            EL1 may not execute
      HP   54    UXN        NO_EXEC                   EL0 may not execute
      HP   55    DIRTY      DIRTY                     software: dirty
      HP   56    SPECIAL    SPECIAL                   software: no struct page
      HP   58    UFFD_WP    UFFD_WP                   software: userfaultfd
      T    10    AF         IGNORED                   ignored, or AF (HAFT)
      T    59    PXNTable   NO_KERNEL_EXEC            EL1 may not execute below
      T    60    UXNTable   NO_EXEC                   EL0 may not execute below
      T    61    APTable0   NO_USER                   EL0 may not access below
      T    62    APTable1   NO_WRITE                  nobody may write below
      T    63    NSTable    OTHER                     non-secure below
      THP  rest  IGN        IGNORED                   not looked at: software's, PBHA, overlay index
      S    2     E          SWAP_EXCLUSIVE            anonymous exclusive
      S    3     UFFD_WP    UFFD_WP                   userfaultfd write-protected
      S    10:6  TYPE       SWAP_TYPE                 which swap device
      S    61:12 OFFSET     SWAP_OFFSET               offset
      S    rest  0          RESERVED                  unused; with bit 11 it would count as present
      [afdbm]   HP 51 DBM WRITE          hardware may clear AP2; Linux: writable
      [noafdbm] HP 51 DBM SOFTWARE_WRITE software: writable; hardware looks at AP2 alone
      [4k 16k 64k]
      THP  47:page ADDRESS  FRAME                     bits 47 and below
      HP   9:8   SH         OTHER                     shareability
      [4k-lpa2 16k-lpa2]
      THP  49:page ADDRESS  FRAME                     bits 49 and below
      THP  9:8   ADDRESS_HI FRAME_HIGH                bits 51:50
      [64k] THP 15:12 ADDRESS_HI FRAME_HIGH bits 51:48
      """;

  /**
   * {@code protection_map} (arch/arm64/mm/mmap.c) and {@code PAGE_KERNEL*}; {@code pmd_populate()}
   * and {@code pmd_populate_kernel()} in asm/pgalloc.h; {@code MT_*} in asm/memory.h, which is how
   * Linux fills MAIR_EL1, without write-through. Shared and writable pages are clean to begin with.
   */
  private static final String FLAGS =
      """
      none: nG AP2 PXN UXN
      told none: VALID AP1 nG UXN
      write: DBM
      kernel: VALID UXN
      kernel no-write: AP2
      kernel no-exec: PXN
      user: VALID AP1 nG AP2 PXN
      user no-exec: UXN
      WRITE_BACK:
      WRITE_COMBINE: ATTRINDX=2 PXN UXN
      UNCACHED: ATTRINDX=3 PXN UXN
      table: VALID TYPE AF
      kernel table: UXNTable
      user table: PXNTable
      changed: GP
      [4k 16k 64k] all: TYPE AF SH=3
      [4k-lpa2 16k-lpa2] all: TYPE AF
      """;

  static Arm64PteFormat of(PagingGeometry geometry, String... parts) {
    return new Arm64PteFormat(EntryLayout.of(geometry, FIELDS, FLAGS, parts));
  }

  /** What EL0 can write, with APTable regarded, is never executed at EL1. */
  @Override
  public int effectiveRights(int left) {
    return (left & Rights.USER_WRITE) == 0 ? left : left & ~Rights.KERNEL_EXEC;
  }
}
