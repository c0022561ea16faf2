package org.mmport.arch.arm64;

import java.util.List;
import org.mmport.spi.BatchOps;
import org.mmport.spi.ContiguousRuns;
import org.mmport.spi.EntryField;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MemoryType;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.PteBits;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/**
 * Stage 1 descriptors of the EL1&amp;0 regime, with the software bits of Linux.
 *
 * <p>Hardware bits: Arm ARM DDI 0487, D8.3 (VMSAv8-64 descriptor formats) and D8.4 (permissions).
 * Software bits and the {@code mk*} rules: Linux {@code arch/arm64/include/asm/pgtable-prot.h} and
 * {@code pgtable.h}.
 *
 * @param output where addresses lie
 * @param blocks levels whose entries may be blocks, by ordinal
 * @param block address bits of a block, of the level above PTE
 * @param gigablock the same of the level above that
 * @param giga the ordinal of that level, -1 without
 * @param dirtied {@link Arm64Marks#dirtied()}
 */
record Arm64PteFormat(
    List<EntryField> fields,
    PteBits bits,
    Arm64Output output,
    int blocks,
    long block,
    long gigablock,
    int giga,
    long dirtied)
    implements PteFormat {
  static final long VALID = 1L << 0;

  /** A table above PTE, a page at PTE; a block has it clear. */
  static final long TABLE = 1L << 1;

  private static final long USER = 1L << 6;
  static final long RDONLY = 1L << 7;
  private static final long INNER_SHAREABLE = 3L << 8;
  static final long AF = 1L << 10;

  /** Not global; in an entry that is not valid: present for Linux (PTE_PRESENT_INVALID). */
  static final long NG = 1L << 11;

  private static final long GP = 1L << 50;

  /** Linux's PTE_WRITE; with it hardware may clear RDONLY at the first write (DBM). */
  static final long WRITE = 1L << 51;

  static final long CONT = 1L << 52;
  static final long PXN = 1L << 53;
  static final long UXN = 1L << 54;
  static final long DIRTY = 1L << 55;

  /** In a table entry: what those below may not grant. */
  private static final long PXN_TABLE = 1L << 59;

  private static final long UXN_TABLE = 1L << 60;
  private static final long NO_USER_TABLE = 1L << 61;
  private static final long NO_WRITE_TABLE = 1L << 62;

  /** {@code pte_modify()}, but the memory type is kept. */
  private static final long PROTECTION = VALID | USER | RDONLY | NG | GP | WRITE | PXN | UXN;

  private static final String COMMON =
      """
      THPS 0     VALID      VALID          used by hardware
      THP  1     TYPE       OTHER          1: table or page, 0: block
      HP   4:2   ATTRINDX   MEMORY_TYPE    slot of MAIR_EL1
      HP   5     NS         OTHER          non-secure
      HP   6     AP1        USER           EL0 may access
      HP   7     AP2        NO_WRITE       read-only; with DBM: clean
      HP   10    AF         YOUNG          accessed
      HP   11    nG         GLOBAL         not global; if not valid: present for Linux
      HP   50    GP         OTHER          guarded (BTI)
      HP   51    DBM        WRITE          <whose>
      HP   52    CONT       OTHER          one of a contiguous run
      HP   53    PXN        NO_KERNEL_EXEC EL1 may not execute
      HP   54    UXN        NO_EXEC        EL0 may not execute
      HP   55    DIRTY      DIRTY          software: dirty
      HP   56    SPECIAL    SPECIAL        software: no struct page
      HP   57    IGN        IGNORED        free for software
      HP   58    UFFD_WP    UFFD_WP        software: userfaultfd
      HP   63:59 IGN        IGNORED        ignored, PBHA or overlay index
      T    58:50 IGN        IGNORED        ignored
      T    59    PXNTable   NO_KERNEL_EXEC EL1 may not execute below
      T    60    UXNTable   NO_EXEC        EL0 may not execute below
      T    61    APTable0   NO_USER        EL0 may not access below
      T    62    APTable1   NO_WRITE       nobody may write below
      T    63    NSTable    OTHER          non-secure below
      S    1     0          RESERVED       must be zero
      S    2     E          SWAP_EXCLUSIVE anonymous exclusive
      S    3     UFFD_WP    UFFD_WP        userfaultfd write-protected
      S    5:4   0          RESERVED       unused
      S    10:6  TYPE       SWAP_TYPE      which swap device
      S    11    0          RESERVED       or it would count as present
      S    61:12 OFFSET     SWAP_OFFSET    offset
      S    63:62 0          RESERVED       unused
      """;

  static Arm64PteFormat of(PagingGeometry geometry, Arm64Output output, Arm64Marks marks) {
    int blocks = 0;
    for (LevelGeometry level : geometry.levels()) {
      blocks |=
          level.leafAllowed() && level.level() != Level.PTE ? 1 << level.level().ordinal() : 0;
    }
    int lowest = 31 - Integer.numberOfLeadingZeros(blocks);
    int giga = 31 - Integer.numberOfLeadingZeros(blocks & ~(1 << lowest));
    String common = COMMON.replace("<whose>", marks.dbm());
    List<EntryField> fields = EntryField.table(common + addresses(output));
    return new Arm64PteFormat(
        fields,
        PteBits.of(fields),
        output,
        blocks,
        output.low() & -geometry.spanBytes(Level.values()[lowest]),
        giga < 0 ? 0 : output.low() & -geometry.spanBytes(Level.values()[giga]),
        giga,
        marks.dirtied());
  }

  /** CONT_PTES and CONT_PMDS: {@code CONFIG_ARM64_CONT_PTE_SHIFT}, arch/arm64/Kconfig. */
  BatchOps runs() {
    Level upper = Level.values()[31 - Integer.numberOfLeadingZeros(blocks)];
    return switch (output.pageShift()) {
      case 12 -> new ContiguousRuns(CONT, 16, upper, 16);
      case 14 -> new ContiguousRuns(CONT, 128, upper, 32);
      default -> new ContiguousRuns(CONT, 32, upper, 32);
    };
  }

  private static String addresses(Arm64Output output) {
    int shift = output.pageShift();
    String split =
        output.lpa2()
            ? "THP 49:%d ADDRESS FRAME bits 49 and below\n".formatted(shift)
                + "THP 9:8 ADDRESS_HI FRAME bits 51:50\n"
                + "T 7:2 IGN IGNORED ignored\nT 11:10 IGN IGNORED ignored; bit 10 is AF (HAFT)\n"
            : "THP 47:%d ADDRESS FRAME bits 47 and below\n".formatted(shift)
                + "THP 49:48 RES0 IGNORED zero, not looked at\n"
                + "HP 9:8 SH OTHER shareability\nT 11:2 IGN IGNORED ignored; bit 10 is AF (HAFT)\n";
    String below = "";
    if (shift == 14) {
      below = "THP 13:12 RES0 IGNORED zero, not looked at\n";
    } else if (shift == 16) {
      below = "THP 15:12 ADDRESS_HI FRAME bits 51:48\n";
    }
    return split + below;
  }

  // What hardware sees.

  /** Level 3 entries of type 01, and blocks where there are none, are invalid: D8.3.2. */
  @Override
  public boolean valid(long raw, Level level) {
    boolean block = (raw & TABLE) == 0;
    return (raw & VALID) != 0 && (!block || (blocks >> level.ordinal() & 1) != 0);
  }

  @Override
  public boolean leaf(long raw, Level level) {
    return level == Level.PTE || (raw & TABLE) == 0;
  }

  /** Bits that are RES0 here are not looked at by hardware. */
  @Override
  public long reserved(long raw, Level level) {
    return 0;
  }

  /** D8.4.1; a page that is writable and clean can be written where hardware makes it dirty. */
  @Override
  public int rights(long raw, Level level) {
    if (!leaf(raw, level)) {
      return Rights.ALL
          & ((raw & NO_USER_TABLE) != 0 ? ~(Rights.USER_READ | Rights.USER_WRITE) : -1)
          & ((raw & NO_WRITE_TABLE) != 0 ? ~Rights.WRITE : -1)
          & ((raw & UXN_TABLE) != 0 ? ~Rights.USER_EXEC : -1)
          & ((raw & PXN_TABLE) != 0 ? ~Rights.KERNEL_EXEC : -1);
    }
    boolean write = (raw & RDONLY) == 0 || (raw & dirtied) != 0;
    int data = Rights.KERNEL_READ | (write ? Rights.KERNEL_WRITE : 0);
    return data
        | ((raw & USER) != 0 ? data << 3 : 0)
        | ((raw & PXN) == 0 ? Rights.KERNEL_EXEC : 0)
        | ((raw & UXN) == 0 ? Rights.USER_EXEC : 0);
  }

  /** What EL0 can write, with APTable regarded, is never executed at EL1. */
  @Override
  public int effectiveRights(int left) {
    return (left & Rights.USER_WRITE) == 0 ? left : left & ~Rights.KERNEL_EXEC;
  }

  /** D8.5.5: hardware makes a leaf with DBM writable, and so tells that it is dirty. */
  @Override
  public long written(long raw, Level level) {
    return (raw & WRITE) != 0 ? raw & ~RDONLY : raw;
  }

  @Override
  public long tableAddr(long raw, Level level) {
    return (raw & output.low()) | (raw & output.high()) << output.highShift();
  }

  @Override
  public long physAddr(long raw, Level level) {
    return (raw & low(level)) | (raw & output.high()) << output.highShift();
  }

  @Override
  public long frameMask(Level level) {
    return low(level) | output.high();
  }

  /** Address and shareability of a leaf: what break-before-make is there for, besides its type. */
  long placement(Level level) {
    return frameMask(level) | (output.lpa2() ? 0 : INNER_SHAREABLE);
  }

  private long low(Level level) {
    return level == Level.PTE ? output.low() : level.ordinal() == giga ? gigablock : block;
  }

  // What the kernel sees.

  @Override
  public boolean present(long raw, Level level) {
    return (raw & (VALID | NG)) != 0;
  }

  /** Present, not valid, and neither for EL0 nor executable there. */
  @Override
  public boolean protnone(long raw, Level level) {
    return (raw & (VALID | NG | USER | UXN)) == (NG | UXN);
  }

  @Override
  public boolean dirty(long raw, Level level) {
    return (raw & DIRTY) != 0 || hardwareDirty(raw);
  }

  @Override
  public boolean global(long raw, Level level) {
    return (raw & (VALID | NG)) == VALID;
  }

  private static boolean hardwareDirty(long raw) {
    return (raw & (WRITE | RDONLY)) == WRITE;
  }

  @Override
  public long mkDirty(long raw, Level level) {
    return (raw | DIRTY) & ((raw & WRITE) != 0 ? ~RDONLY : -1L);
  }

  @Override
  public long mkClean(long raw, Level level) {
    return (raw & ~DIRTY) | RDONLY;
  }

  @Override
  public long mkWrite(long raw, Level level) {
    return (raw | WRITE) & ((raw & DIRTY) != 0 ? ~RDONLY : -1L);
  }

  @Override
  public long wrProtect(long raw, Level level) {
    return ((raw | (hardwareDirty(raw) ? DIRTY : 0)) & ~WRITE) | RDONLY;
  }

  @Override
  public long mkInvalid(long raw, Level level) {
    return (raw & ~VALID) | NG;
  }

  // Making entries.

  /** {@code protection_map} (arch/arm64/mm/mmap.c) and {@code PAGE_KERNEL*}. */
  @Override
  public long pgprot(Protection protection) {
    bits.keyBits(protection.key());
    long type = VALID | TABLE | AF | (output.lpa2() ? 0 : INNER_SHAREABLE);
    long slot = Long.expand(slot(protection.memoryType()), bits.memoryType());
    boolean exec = protection.exec() && protection.memoryType() == MemoryType.WRITE_BACK;
    if (protection.isNone()) {
      return (type & ~VALID) | slot | NG | RDONLY | PXN | UXN;
    }
    if (protection.owner() == TableOwner.KERNEL) {
      return type | slot | UXN | (exec ? 0 : PXN) | (protection.write() ? WRITE : RDONLY);
    }
    // Shared and writable pages are clean to begin with.
    long write = protection.write() && protection.shared() ? WRITE : 0;
    return type | slot | USER | NG | PXN | RDONLY | write | (exec ? 0 : UXN);
  }

  /** {@code MT_*}, asm/memory.h: how Linux fills MAIR_EL1; it has no write-through. */
  private static int slot(MemoryType type) {
    return switch (type) {
      case WRITE_BACK -> 0;
      case WRITE_COMBINE -> 2;
      case UNCACHED -> 3;
      case WRITE_THROUGH ->
          throw new InvalidRequestException(
              "memory type WRITE_THROUGH: MAIR_EL1 has no slot for it; take WRITE_COMBINE");
    };
  }

  @Override
  public long mkLeaf(long physAddr, long pgprot, Level level) {
    return withPhysAddr(level == Level.PTE ? pgprot : (pgprot & ~TABLE), physAddr, level);
  }

  @Override
  public long modify(long raw, long pgprot, Level level) {
    long kept = (hardwareDirty(raw) ? (raw | DIRTY) : raw) & ~PROTECTION;
    long changed = kept | (pgprot & PROTECTION);
    return (changed & DIRTY) != 0 ? mkDirty(changed, level) : changed;
  }

  @Override
  public long withPhysAddr(long raw, long physAddr, Level level) {
    return (raw & ~frameMask(level))
        | (physAddr & low(level))
        | (physAddr >>> output.highShift() & output.high());
  }

  @Override
  public long splitLeaf(long raw, Level level, Level lower) {
    long kept = raw & ~(output.low() | output.high() | CONT);
    long small = lower == Level.PTE ? (kept | TABLE) : kept;
    return withPhysAddr(small, physAddr(raw, level), lower);
  }

  /** {@code pmd_populate()} and {@code pmd_populate_kernel()} in asm/pgalloc.h. */
  @Override
  public long mkTable(long physAddr, Level level, TableOwner owner) {
    return VALID
        | TABLE
        | AF
        | (physAddr & output.low())
        | (physAddr >>> output.highShift() & output.high())
        | (owner == TableOwner.USER ? PXN_TABLE : UXN_TABLE);
  }
}
