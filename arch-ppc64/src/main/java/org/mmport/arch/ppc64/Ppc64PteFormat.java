package org.mmport.arch.ppc64;

import org.mmport.spi.EntryLayout;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;

/**
 * Entries of radix trees, and of the trees from which Linux fills a hash table: Power ISA 3.0B Book
 * III, section 5.7.10.2 (page directory and page table entries); software bits and the {@code mk*}
 * rules: Linux {@code arch/powerpc/include/asm/book3s/64/pgtable.h} and {@code radix.h}.
 */
record Ppc64PteFormat(EntryLayout layout) implements PteFormat {
  /** EAA1, EAA2 and EAA3. */
  static final long RWX = 7;

  /**
   * First what they have in common; {@code radix.h}. Swap entries: the macros after "Encode and
   * de-code a swap entry"; every stored pte carries _PAGE_PTE. What of table entries is called RSV
   * is 0 in Linux's.
   */
  private static final String FIELDS =
      """
      THPS 63    V          VALID          valid
      THP  62    L          LEAF           leaf: _PAGE_PTE
      HP   61    INVALID    INVALIDATED    software: kept from hardware
      P    52:page RPN      FRAME          physical address
      HP   11    SW         IGNORED        software
      HP   10    SPECIAL    SPECIAL        software: no struct page
      HP   9     SOFT_DIRTY SOFT_DIRTY     software: written to
      HP   8     R          YOUNG          reference
      HP   7     C          DIRTY          change
      HP   5:4   ATT        MEMORY_TYPE    storage attributes
      HP   3     EAA0       NO_USER        privileged only
      HP   2     EAA1       READ           may be read
      HP   1     EAA2       WRITE          may be read and written
      HP   0     EAA3       EXEC           may be executed
      T    60    RES        IGNORED        reserved
      T    59:53 NLB_HI     RESERVED       above what any CPU has
      T    7:5   RSV        IGNORED        reserved
      S    62    PTE        SWAP_MARK      always 1
      S    61:53 0          RESERVED       or it would count as present
      S    52:page OFFSET   SWAP_OFFSET    offset, as RPN
      S    9     SD         SOFT_DIRTY     soft-dirty
      S    11:10,8:6 0      RESERVED       0
      S    5     E          SWAP_EXCLUSIVE anonymous exclusive
      S    4:0   TYPE       SWAP_TYPE      which swap device
      [radix-64k hash-64k]
      S    15:12 OFFSET     RESERVED       0
      [radix-4k radix-64k]
      T    61    RSV        IGNORED        reserved
      T    52:8  NLB        FRAME          next level base
      T    4:0   NLS        TABLE_BITS     index bits of the next level
      H    52:21 RPN        FRAME          low bits 0 in larger leaves
      H    20:12 RPN        IGNORED        below the leaf's size
      HP   60:57,6 RSV      IGNORED        reserved
      HP   56:53 RPN        RESERVED       above what any CPU has
      [radix-64k]
      P    15:12 RPN        IGNORED        in pages of 4 KiB
      """;

  /**
   * {@code protection_map} and {@code PAGE_KERNEL*}; ATT knows no write-through, and nothing is run
   * from non-idempotent I/O, which is guarded. {@code RADIX_PMD_VAL_BITS}, {@code
   * RADIX_PMD_BAD_BITS} and their like. A leaf without any right is PROT_NONE ({@code
   * pte_hw_valid()}). Radix knows execute-only. Hardware writes R and C back late ({@code
   * RADIX_PTE_NONE_MASK}), and what is noted of hashing stays behind ({@code H_PTE_NONE_MASK}).
   */
  private static final String FLAGS =
      """
      all: V R
      none: EAA0
      told none: V L EAA1 EAA2 EAA3
      kernel: EAA0
      kernel write: C
      read: EAA1
      write: EAA2
      WRITE_BACK:
      UNCACHED: ATT=2
      WRITE_COMBINE: ATT=3
      guarded: ATT=2
      table: V
      [radix-4k radix-64k]
      exec: EAA3
      bad table: L RSV
      unused page: R C
      [hash-4k hash-64k]
      exec: EAA3 EAA1
      bad table: L RSV LOW
      [hash-4k]
      unused page: BUSY HASHPTE F_SECOND F_GIX
      [hash-64k]
      unused page: BUSY HASHPTE COMBO
      """;

  /**
   * The entries of a variant.
   *
   * @param fields what more of them it has
   */
  static Ppc64PteFormat of(String name, PagingGeometry geometry, String fields) {
    return new Ppc64PteFormat(EntryLayout.of(geometry, FIELDS + fields, FLAGS, name));
  }

  /** {@code pte_write()}, {@code pte_savedwrite()}: a PROT_NONE leaf remembers it in EAA0. */
  @Override
  public boolean write(long raw, Level level) {
    return (raw & bits().write()) != 0 || (raw & (bits().noUser() | RWX)) == 0;
  }

  @Override
  public long mkWrite(long raw, Level level) {
    return (raw & RWX) == 0 ? raw & ~bits().noUser() : raw | bits().read() | bits().write();
  }

  @Override
  public long wrProtect(long raw, Level level) {
    return (raw & RWX) == 0 ? raw | bits().noUser() : raw & ~bits().write();
  }
}
