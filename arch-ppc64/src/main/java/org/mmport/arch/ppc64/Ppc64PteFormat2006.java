package org.mmport.arch.ppc64;

import org.mmport.spi.EntryLayout;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;

/**
 * Entries of the trees of 2006, which only Linux reads: {@code include/asm-powerpc/pgtable.h},
 * {@code pgtable-4k.h} and {@code pgtable-64k.h} of Linux 2.6.18. What is called reserved here is
 * what {@code pmd_bad()} and {@code pud_bad()} refuse.
 *
 * @param frameShift {@code PTE_RPN_SHIFT}: where page numbers start in leaves
 * @param pteTableBytes size of a table of the last level, and its alignment; upperTableBytes alike,
 *     of the tables between it and the root
 */
record Ppc64PteFormat2006(
    EntryLayout layout, int pageShift, int frameShift, long pteTableBytes, long upperTableBytes)
    implements PteFormat {
  private static final long COHERENT = 0x10;
  private static final long NO_CACHE = 0x20;
  private static final long PFN_4K = 0x20000000;

  /** {@code KERNELBASE}: directories hold addresses in the linear map. */
  private static final long KERNEL = 0xcL << 60;

  /** E is what 2.6.18 has no mark for, in the one bit that its macros leave alone. */
  private static final String FIELDS =
      """
      P 11    BUSY      OTHER        locked
      P 10    HASHPTE   OTHER        is hashed
      P 9     RW        WRITE        may be written
      P 8     ACCESSED  YOUNG        R: referenced
      P 7     DIRTY     DIRTY        C: changed
      P 6     WRITETHRU MEMORY_TYPE  W
      P 5     NO_CACHE  MEMORY_TYPE  I
      P 4     COHERENT  OTHER        M
      P 3     GUARDED   MEMORY_TYPE  G
      P 2     EXEC      EXEC         may be executed
      P 1     USER      USER         user page
      P 0     PRESENT   VALID        maps a page
      T 63:62 KERNEL    OTHER        11: an address of the kernel's
      T 61:60 0         RESERVED     00: in its linear map
      S 1     FILE      OTHER        an offset in a file, from RPN on, instead
      S 0     0         RESERVED     or it would be present
      [4k]
      P 63:17 RPN       FRAME          page number
      P 16    SW        IGNORED        unused
      P 15    SECONDARY OTHER          in the secondary group
      P 14:12 GROUP_IX  OTHER          index in the group
      T 58:10 ADDRESS   FRAME          next table
      T 59,9:0 0        RESERVED       above what leaves can name, below the tables' alignment
      S 63:25 OFFSET    SWAP_OFFSET    offset
      S 24    E         SWAP_EXCLUSIVE anonymous exclusive, if new
      S 23:18 TYPE      SWAP_TYPE      which device
      S 17:2  0         RESERVED       0
      [64k]
      P 63:30 RPN       FRAME          page number
      P 29    4K_PFN    OTHER          one page of 4 KiB, by its number
      P 28    COMBO     OTHER          hashed in pages of 4 KiB
      P 27:16 HPTE_SUB  OTHER          which of them are hashed
      P 15:12 SLOT      OTHER          where hashed; with COMBO as 27:16
      T 49:15 ADDRESS   FRAME          next table
      T 59:50,14:9 0    RESERVED       above what leaves can name, below the tables' alignment
      T 8:0   MASKED    IGNORED        masked out when followed
      S 63:38 OFFSET    SWAP_OFFSET    offset
      S 37    E         SWAP_EXCLUSIVE anonymous exclusive, if new
      S 36:31 TYPE      SWAP_TYPE      which device
      S 30:2  0         RESERVED       0
      """;

  /**
   * {@code protection_map}, {@code PAGE_KERNEL*}, {@code pgprot_noncached()}; what is hashed.
   * {@code pte_modify()} lost how the page was cached in 2006; here that stays.
   */
  private static final String FLAGS =
      """
      all: PRESENT ACCESSED
      kernel: COHERENT
      kernel write: DIRTY
      user: COHERENT USER
      write: RW
      exec: EXEC
      WRITE_BACK:
      WRITE_THROUGH: WRITETHRU
      WRITE_COMBINE: NO_CACHE
      UNCACHED: NO_CACHE GUARDED
      table: KERNEL
      changed: COHERENT
      [4k]
      unused page: HASHPTE BUSY SECONDARY GROUP_IX
      [64k]
      unused page: HASHPTE BUSY COMBO HPTE_SUB SLOT
      """;

  static Ppc64PteFormat2006 of(String pages, PagingGeometry geometry) {
    EntryLayout layout = EntryLayout.of(geometry, FIELDS, FLAGS, pages);
    return new Ppc64PteFormat2006(
        layout,
        geometry.pageShift(),
        Long.numberOfTrailingZeros(layout.bits().pageFrame()),
        geometry.at(Level.PTE).placement().sizeBytes(),
        geometry.at(Level.PMD).placement().sizeBytes());
  }

  @Override
  public boolean valid(long raw, Level level) {
    return level == Level.PTE ? (raw & bits().valid()) != 0 && !protnone(raw, level) : raw != 0;
  }

  @Override
  public long reserved(long raw, Level level) {
    long masked = pageShift == 16 ? 0x1ff : 0;
    return level == Level.PTE ? 0 : (raw ^ KERNEL) & ~(frames(level) | masked);
  }

  private long frames(Level level) {
    return bits().tableFrame() & -(level == Level.PMD ? pteTableBytes : upperTableBytes);
  }

  @Override
  public long physAddr(long raw, Level level) {
    return raw >>> frameShift << numberedShift(raw);
  }

  @Override
  public long withPhysAddr(long raw, long physAddr, Level level) {
    return (raw & ~bits().pageFrame()) | physAddr >>> numberedShift(raw) << frameShift;
  }

  /** With 4K_PFN the number counts pages of 4 KiB, whatever the page size. */
  private int numberedShift(long raw) {
    return pageShift == 16 && (raw & PFN_4K) != 0 ? 12 : pageShift;
  }

  @Override
  public boolean bad(long raw, Level level) {
    return ((raw ^ KERNEL) & ~frames(level)) != 0;
  }

  /**
   * {@code PAGE_NONE} lacks USER, as kernel pages do, but COHERENT as well; of those only {@code
   * PAGE_KERNEL_CI} lacks it, and is writable, dirty and not cached.
   */
  @Override
  public boolean protnone(long raw, Level level) {
    long uncached = NO_CACHE | bits().write() | bits().dirty();
    return level == Level.PTE
        && (raw & (bits().valid() | bits().user() | COHERENT)) == bits().valid()
        && (raw & uncached) != uncached;
  }
}
