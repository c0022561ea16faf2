package org.mmport.arch.ppc64;

import org.mmport.spi.EntryLayout;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/**
 * Entries of radix trees, and of the trees from which Linux fills a hash table: Power ISA 3.0B Book
 * III, section 5.7.10.2 (page directory and page table entries); software bits and the {@code mk*}
 * rules: Linux {@code arch/powerpc/include/asm/book3s/64/pgtable.h} and {@code radix.h}.
 *
 * @param badBits that no table entry has
 * @param pmdSize index bits that entries at PMD name (NLS), 0 where they name none
 * @param upperSize the same above
 */
record Ppc64PteFormat(EntryLayout layout, long badBits, int pmdSize, int upperSize)
    implements PteFormat {
  static final long V = 1L << 63;

  /** L in the manual, {@code _PAGE_PTE} in Linux: a leaf, not a table. */
  static final long L = 1L << 62;

  static final long C = 1L << 7;
  static final long ATT = 3L << 4;
  private static final long NON_IDEMPOTENT = 2L << 4;
  static final long PRIVILEGED = 8;
  static final long READ = 4;
  static final long WRITE = 2;
  static final long EXEC = 1;
  static final long RWX = READ | WRITE | EXEC;

  /** {@code PTE_RPN_MASK}: the manual has 4 bits more, which no CPU uses. */
  static final long ADDRESS = (1L << 53) - (1L << 12);

  static final long NLB = (1L << 53) - (1L << 8);
  static final long NLS = 31;

  /**
   * First what they have in common; {@code radix.h}, {@code hash-4k.h} (the slot is noted in the
   * entry) and {@code hash-64k.h} (the slots are noted behind the entries). Swap entries: the
   * macros after "Encode and de-code a swap entry"; every stored pte carries _PAGE_PTE.
   */
  private static final String FIELDS =
      """
      THPS 63    V          VALID          valid
      THP  62    L          LEAF           leaf: _PAGE_PTE
      HP   61    INVALID    INVALIDATED    software: kept from hardware
      P    52:16 RPN        FRAME          physical address
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
      T    61:60 RSV        IGNORED        reserved
      T    59:53 NLB        RESERVED       above what any CPU has
      T    52:8  NLB        FRAME          next level base
      T    7:5   RSV        IGNORED        reserved
      T    4:0   NLS        OTHER          index bits of the next level
      S    62    PTE        SWAP_MARK      always 1
      S    61:53 0          RESERVED       or it would count as present
      S    52:16 OFFSET     SWAP_OFFSET    offset
      S    11:10 0          RESERVED       0
      S    9     SD         SOFT_DIRTY     soft-dirty
      S    8:6   0          RESERVED       0
      S    5     E          SWAP_EXCLUSIVE anonymous exclusive
      S    4:0   TYPE       SWAP_TYPE      which swap device
      [radix-4k hash-4k]
      P    15:12 RPN        FRAME          in pages of 4 KiB
      S    15:12 OFFSET     SWAP_OFFSET    as RPN
      [radix-64k hash-64k]
      S    15:12 OFFSET     RESERVED       as RPN
      [radix-4k radix-64k]
      H    52:21 RPN        FRAME          low bits 0 in larger leaves
      H    20:12 RPN        IGNORED        below the leaf's size
      HP   60:57 RSV        IGNORED        reserved
      HP   56:53 RPN        RESERVED       above what any CPU has
      HP   6     RSV        IGNORED        reserved
      [radix-64k]
      P    15:12 RPN        IGNORED        in pages of 4 KiB
      [hash-4k hash-64k]
      HP   6     BUSY       OTHER          software: locked
      [hash-4k]
      P    60    HASHPTE    OTHER          software: is hashed
      P    59:57 PKEY       KEY            protection key
      P    56    F_SECOND   OTHER          software: in the secondary group
      P    55:53 F_GIX      OTHER          software: index in the group
      [hash-64k]
      H    52:24 RPN        FRAME          low bits 0 in larger leaves
      H    23:12 RPN        IGNORED        below the leaf's size
      HP   60:56 PKEY       KEY            protection key
      HP   55    HASHPTE    OTHER          software: is hashed
      HP   54:53 0          IGNORED        unused
      P    15:14 0          IGNORED        unused
      P    13    4K_PFN     OTHER          software: one page of 4 KiB
      P    12    COMBO      OTHER          software: hashed in pages of 4 KiB
      """;

  /**
   * {@code protection_map} and {@code PAGE_KERNEL*}; ATT knows no write-through. {@code
   * RADIX_PMD_VAL_BITS} and its like. Radix knows execute-only. Hardware writes R and C back late
   * ({@code RADIX_PTE_NONE_MASK}), and what is noted of hashing stays behind ({@code
   * H_PTE_NONE_MASK}).
   */
  private static final String FLAGS =
      """
      all: V R
      none: EAA0
      kernel: EAA0
      kernel write: C
      read: EAA1
      write: EAA2
      WRITE_BACK:
      UNCACHED: ATT=2
      WRITE_COMBINE: ATT=3
      table: V
      [radix-4k radix-64k]
      exec: EAA3
      unused page: R C
      [hash-4k hash-64k]
      exec: EAA3 EAA1
      [hash-4k]
      unused page: BUSY HASHPTE F_SECOND F_GIX
      [hash-64k]
      unused page: BUSY HASHPTE COMBO
      """;

  static Ppc64PteFormat radix(String name, PagingGeometry geometry) {
    return new Ppc64PteFormat(
        EntryLayout.of(geometry, FIELDS, FLAGS, name),
        0x60000000000000e0L,
        geometry.at(Level.PTE).indexBits(),
        geometry.at(Level.PMD).indexBits());
  }

  /** Tables lie at multiples of their size, of which that of the smallest is asked for. */
  static Ppc64PteFormat hash(String name, PagingGeometry geometry) {
    int pmdBytes = geometry.at(Level.PMD).placement().sizeBytes();
    int pteBytes = geometry.at(Level.PTE).placement().sizeBytes();
    long low = Math.min(pmdBytes, pteBytes) - 1L;
    return new Ppc64PteFormat(EntryLayout.of(geometry, FIELDS, FLAGS, name), L | low, 0, 0);
  }

  /** {@code pte_hw_valid()}; a leaf without any right (PROT_NONE) lets nothing through. */
  @Override
  public boolean valid(long raw, Level level) {
    return (raw & V) != 0 && (leafBit(raw) ? (raw & RWX) != 0 : level != Level.PTE);
  }

  /** A table of another size than the tree has at this level would be walked wrongly. */
  @Override
  public long reserved(long raw, Level level) {
    long size = leaf(raw, level) ? 0 : (raw & NLS) ^ nextLevelSize(level);
    return size | PteFormat.super.reserved(raw, level);
  }

  private int nextLevelSize(Level level) {
    return level == Level.PMD ? pmdSize : upperSize;
  }

  /** Nothing is run from non-idempotent I/O, which is guarded. */
  @Override
  public int rights(long raw, Level level) {
    boolean guarded = leaf(raw, level) && (raw & ATT) == NON_IDEMPOTENT;
    return PteFormat.super.rights(raw, level) & (guarded ? ~Rights.EXEC : -1);
  }

  /** {@code pte_present()}, {@code pmd_present()}. */
  @Override
  public boolean present(long raw, Level level) {
    return (raw & (V | bits().invalidated())) != 0 && (level != Level.PTE || leafBit(raw));
  }

  /** {@code RADIX_PMD_BAD_BITS}, {@code H_PMD_BAD_BITS}. */
  @Override
  public boolean bad(long raw, Level level) {
    return (raw & (V | badBits)) != V;
  }

  @Override
  public boolean protnone(long raw, Level level) {
    return (raw & (V | L | RWX)) == (V | L);
  }

  /** {@code pte_write()}, {@code pte_savedwrite()}: a PROT_NONE leaf remembers it in EAA0. */
  @Override
  public boolean write(long raw, Level level) {
    return (raw & WRITE) != 0 || (raw & (PRIVILEGED | RWX)) == 0;
  }

  @Override
  public long mkWrite(long raw, Level level) {
    return (raw & RWX) == 0 ? raw & ~PRIVILEGED : raw | READ | WRITE;
  }

  @Override
  public long wrProtect(long raw, Level level) {
    return (raw & RWX) == 0 ? raw | PRIVILEGED : raw & ~WRITE;
  }

  @Override
  public long mkTable(long physAddr, Level level, TableOwner owner) {
    return PteFormat.super.mkTable(physAddr, level, owner) | nextLevelSize(level);
  }

  private static boolean leafBit(long raw) {
    return (raw & L) != 0;
  }
}
