package org.mmport.arch.ppc64;

import static org.mmport.spi.EntryField.bit;
import static org.mmport.spi.EntryKind.PAGE;
import static org.mmport.spi.EntryKind.SWAP;
import static org.mmport.spi.EntryKind.TABLE;

import java.util.List;
import java.util.stream.Stream;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryRole;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
import org.mmport.spi.PteBits;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/**
 * Entries of the trees of 2006, which only Linux reads: {@code include/asm-powerpc/pgtable.h},
 * {@code pgtable-4k.h} and {@code pgtable-64k.h} of Linux 2.6.18. What is called reserved here is
 * what {@code pmd_bad()} and {@code pud_bad()} refuse.
 *
 * @param frameShift {@code PTE_RPN_SHIFT}: where page numbers start in leaves
 * @param hpteFlags {@code _PAGE_HPTEFLAGS}: what leaves note of the hash table
 * @param pteTableBytes size of a table of the last level, and its alignment; upperTableBytes alike,
 *     of the tables between it and the root
 */
record Ppc64PteFormat2006(
    List<EntryField> fields,
    PteBits bits,
    int pageShift,
    int frameShift,
    long hpteFlags,
    long pteTableBytes,
    long upperTableBytes)
    implements PteFormat {
  static final long PRESENT = 1;
  static final long USER = 2;
  static final long EXEC = 4;
  static final long GUARDED = 8;
  static final long COHERENT = 0x10;
  static final long NO_CACHE = 0x20;
  static final long WRITETHRU = 0x40;
  static final long DIRTY = 0x80;
  static final long ACCESSED = 0x100;
  static final long RW = 0x200;
  static final long HASHPTE = 0x400;
  static final long BUSY = 0x800;
  static final long COMBO = 0x10000000;
  static final long PFN_4K = 0x20000000;

  /** {@code KERNELBASE}: directories hold addresses in the linear map. */
  private static final long KERNEL = 0xcL << 60;

  private static final long PROTECTION = PRESENT | USER | EXEC | COHERENT | RW;

  static Ppc64PteFormat2006 pages4k() {
    List<EntryField> own =
        List.of(
            EntryField.of("RPN", 63, 17, EntryRole.FRAME, "page number", PAGE),
            EntryField.of("SW", 16, 16, EntryRole.IGNORED, "unused", PAGE),
            bit("SECONDARY", 15, EntryRole.OTHER, "in the secondary group", PAGE),
            EntryField.of("GROUP_IX", 14, 12, EntryRole.OTHER, "index in the group", PAGE),
            bit("0", 59, EntryRole.RESERVED, "above the frames that leaves can name", TABLE),
            EntryField.of("ADDRESS", 58, 10, EntryRole.FRAME, "next table", TABLE),
            EntryField.of("0", 9, 0, EntryRole.RESERVED, "below the tables' alignment", TABLE));
    return of(own, 12, 17, HASHPTE | BUSY | 0xf000, 4096, 1024);
  }

  static Ppc64PteFormat2006 pages64k() {
    List<EntryField> own =
        List.of(
            EntryField.of("RPN", 63, 30, EntryRole.FRAME, "page number", PAGE),
            bit("4K_PFN", 29, EntryRole.OTHER, "one page of 4 KiB, by its number", PAGE),
            bit("COMBO", 28, EntryRole.OTHER, "hashed in pages of 4 KiB", PAGE),
            EntryField.of("HPTE_SUB", 27, 16, EntryRole.OTHER, "which of them are hashed", PAGE),
            EntryField.of(
                "SLOT", 15, 12, EntryRole.OTHER, "where hashed; with COMBO as 27:16", PAGE),
            EntryField.of("0", 59, 50, EntryRole.RESERVED, "above what leaves can name", TABLE),
            EntryField.of("ADDRESS", 49, 15, EntryRole.FRAME, "next table", TABLE),
            EntryField.of("0", 14, 9, EntryRole.RESERVED, "below the tables' alignment", TABLE),
            EntryField.of("MASKED", 8, 0, EntryRole.IGNORED, "masked out when followed", TABLE));
    return of(own, 16, 30, HASHPTE | BUSY | 0x0ffff000 | COMBO, 65536, 32768);
  }

  private static Ppc64PteFormat2006 of(
      List<EntryField> own,
      int pageShift,
      int frameShift,
      long hpteFlags,
      long pteTableBytes,
      long upperTableBytes) {
    List<EntryField> fields = Stream.concat(own.stream(), common(frameShift)).toList();
    return new Ppc64PteFormat2006(
        fields,
        PteBits.of(fields),
        pageShift,
        frameShift,
        hpteFlags,
        pteTableBytes,
        upperTableBytes);
  }

  private static Stream<EntryField> common(int frameShift) {
    return Stream.of(
        bit("BUSY", 11, EntryRole.OTHER, "locked", PAGE),
        bit("HASHPTE", 10, EntryRole.OTHER, "is hashed", PAGE),
        bit("RW", 9, EntryRole.WRITE, "may be written", PAGE),
        bit("ACCESSED", 8, EntryRole.YOUNG, "R: referenced", PAGE),
        bit("DIRTY", 7, EntryRole.DIRTY, "C: changed", PAGE),
        bit("WRITETHRU", 6, EntryRole.MEMORY_TYPE, "W", PAGE),
        bit("NO_CACHE", 5, EntryRole.MEMORY_TYPE, "I", PAGE),
        bit("COHERENT", 4, EntryRole.OTHER, "M", PAGE),
        bit("GUARDED", 3, EntryRole.MEMORY_TYPE, "G", PAGE),
        bit("EXEC", 2, EntryRole.EXEC, "may be executed", PAGE),
        bit("USER", 1, EntryRole.USER, "user page", PAGE),
        bit("PRESENT", 0, EntryRole.VALID, "maps a page", PAGE),
        EntryField.of("KERNEL", 63, 62, EntryRole.OTHER, "11: an address of the kernel's", TABLE),
        EntryField.of("0", 61, 60, EntryRole.RESERVED, "00: in its linear map", TABLE),
        EntryField.of("OFFSET", 63, frameShift + 8, EntryRole.SWAP_OFFSET, "offset", SWAP),
        // What 2.6.18 has no mark for, in the one bit that its macros leave alone.
        bit("E", frameShift + 7, EntryRole.SWAP_EXCLUSIVE, "anonymous exclusive, if new", SWAP),
        EntryField.of(
            "TYPE", frameShift + 6, frameShift + 1, EntryRole.SWAP_TYPE, "which device", SWAP),
        EntryField.of("0", frameShift, 2, EntryRole.RESERVED, "0", SWAP),
        bit("FILE", 1, EntryRole.OTHER, "an offset in a file, from RPN on, instead", SWAP),
        bit("0", 0, EntryRole.RESERVED, "or it would be present", SWAP));
  }

  @Override
  public boolean valid(long raw, Level level) {
    return level == Level.PTE ? (raw & PRESENT) != 0 && !protnone(raw, level) : raw != 0;
  }

  @Override
  public boolean leaf(long raw, Level level) {
    return level == Level.PTE;
  }

  @Override
  public long reserved(long raw, Level level) {
    long masked = pageShift == 16 ? 0x1ff : 0;
    return level == Level.PTE ? 0 : (raw ^ KERNEL) & ~(frames(level) | masked);
  }

  private long frames(Level level) {
    return bits.tableFrame() & -(level == Level.PMD ? pteTableBytes : upperTableBytes);
  }

  /** {@code hash_page()}: what is the user's is the kernel's too; whatever is present is read. */
  @Override
  public int rights(long raw, Level level) {
    if (level != Level.PTE) {
      return Rights.ALL;
    }
    int kernel =
        Rights.KERNEL_READ
            | ((raw & RW) != 0 ? Rights.KERNEL_WRITE : 0)
            | ((raw & EXEC) != 0 ? Rights.KERNEL_EXEC : 0);
    return (raw & USER) != 0 ? kernel | kernel << 3 : kernel;
  }

  @Override
  public long physAddr(long raw, Level level) {
    return raw >>> frameShift << numberedShift(raw);
  }

  @Override
  public long withPhysAddr(long raw, long physAddr, Level level) {
    return (raw & ~bits.pageFrame()) | physAddr >>> numberedShift(raw) << frameShift;
  }

  /** With 4K_PFN the number counts pages of 4 KiB, whatever the page size. */
  private int numberedShift(long raw) {
    return pageShift == 16 && (raw & PFN_4K) != 0 ? 12 : pageShift;
  }

  @Override
  public boolean none(long raw, Level level) {
    return (level == Level.PTE ? raw & ~hpteFlags : raw) == 0;
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
    long uncached = NO_CACHE | RW | DIRTY;
    return level == Level.PTE
        && (raw & (PRESENT | USER | COHERENT)) == PRESENT
        && (raw & uncached) != uncached;
  }

  /** For leaves above PTE, which these trees do not have. */
  @Override
  public long mkInvalid(long raw, Level level) {
    return raw & ~PRESENT;
  }

  /** {@code protection_map}, {@code PAGE_KERNEL*}, {@code pgprot_noncached()}. */
  @Override
  public long pgprot(Protection protection) {
    long type =
        switch (protection.memoryType()) {
          case WRITE_BACK -> 0;
          case WRITE_THROUGH -> WRITETHRU;
          case WRITE_COMBINE -> NO_CACHE;
          case UNCACHED -> NO_CACHE | GUARDED;
        };
    long fixed = PRESENT | ACCESSED | type | bits.keyBits(protection.key());
    if (protection.isNone()) {
      return fixed;
    }
    boolean kernel = protection.owner() == TableOwner.KERNEL;
    boolean write = protection.write() && protection.shared();
    return fixed
        | COHERENT
        | (kernel ? 0 : USER)
        | (write ? RW : 0)
        | (write && kernel ? DIRTY : 0)
        | (protection.exec() ? EXEC : 0);
  }

  @Override
  public long mkLeaf(long physAddr, long pgprot, Level level) {
    return physAddr >>> pageShift << frameShift | pgprot;
  }

  /** {@code pte_modify()}, which in 2006 lost how the page was cached; here that stays. */
  @Override
  public long modify(long raw, long pgprot, Level level) {
    return (raw & ~PROTECTION) | (pgprot & PROTECTION);
  }

  @Override
  public long splitLeaf(long raw, Level level, Level lower) {
    return raw;
  }

  @Override
  public long mkTable(long physAddr, Level level, TableOwner owner) {
    return KERNEL | physAddr;
  }
}
