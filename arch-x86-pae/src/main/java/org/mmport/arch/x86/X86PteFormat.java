package org.mmport.arch.x86;

import java.util.List;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryFlags;
import org.mmport.spi.LeafMasks;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteBits;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TableOwner;

/**
 * What PAE entries and those of 4 bytes have in common, with the software bits of 32-bit Linux.
 *
 * <p>Hardware bits: Intel SDM volume 3A, tables 4-4 to 4-6 (32-bit paging), 4-8 to 4-11 (PAE).
 * Software bits: Linux {@code arch/x86/include/asm/pgtable_types.h}, {@code pgtable-2level.h},
 * {@code pgtable-3level.h}. Bit 10 is the saved dirty bit: 32-bit Linux has neither userfaultfd
 * write protection nor soft-dirty.
 */
sealed interface X86PteFormat extends PteFormat {
  /**
   * {@code protection_map} (arch/x86/mm/pgprot.c), {@code PAGE_KERNEL*}, {@code _PAGE_TABLE}; slots
   * 0, 1, 2 and 7 of the PAT as Linux loads it, {@code pat_bp_init()} in arch/x86/mm/pat/memtype.c.
   */
  String FLAGS =
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
      """;

  /** {@code pmd_bad()}. */
  @Override
  default boolean bad(long raw, Level level) {
    return unlikeTable(raw) != 0;
  }

  /** Bits other than Linux puts into table entries, but U/S and A. */
  default long unlikeTable(long raw) {
    long free = bits().tableFrame() | bits().user() | bits().youngTable();
    return (raw ^ flags().kernelTable()) & ~free;
  }

  /** Entries of 8 bytes. */
  record Pae(List<EntryField> fields, PteBits bits, EntryFlags flags, LeafMasks leaves)
      implements X86PteFormat {
    private static final List<EntryField> FIELDS =
        EntryField.table(
            """
            THPSR 0     P           VALID                present
            THP   1     R/W         WRITE                writable
            THP   2     U/S         USER                 user
            R     2:1   0           RESERVED             must be zero
            THPR  3     PWT         MEMORY_TYPE          PAT index bit 0
            THPR  4     PCD         MEMORY_TYPE          PAT index bit 1
            THP   5     A           YOUNG                accessed
            HP    6     D           DIRTY                dirty
            T     6     D           IGNORED              ignored; Linux sets it
            TH    7     PS          LEAF                 maps 2M
            P     7     PAT         MEMORY_TYPE          PAT index bit 2
            R     5     A           OTHER                reserved when CR3 is loaded; QEMU sets it
            R     8:6   0           RESERVED             must be zero
            HP    8     G           GLOBAL_OR_PROTNONE   global; PROT_NONE if P=0
            T     11:8  IGN         IGNORED              ignored
            R     11:9  IGN         IGNORED              ignored
            HP    9     SPECIAL     SPECIAL              software: no struct page
            HP    10    SAVED_DIRTY SAVED_DIRTY          software: D, while R/W=0
            HP    11    IGN         IGNORED              ignored
            H     12    PAT         MEMORY_TYPE          PAT index bit 2
            H     20:13 0           RESERVED             must be zero
            H     51:21 ADDRESS     FRAME                physical address
            TPR   51:12 ADDRESS     FRAME                physical address
            THP   62:52 0           RESERVED             must be zero
            THP   63    XD          NO_EXEC              execute disable
            R     63:52 0           RESERVED             must be zero
            S     4:1   0           RESERVED             unused
            S     6:5   IGN         IGNORED              an erratum may set them
            S     7     E           SWAP_EXCLUSIVE       anonymous exclusive
            S     8     0           RESERVED             or it would count as present
            S     58:9  OFFSET      SWAP_OFFSET_INVERTED offset
            S     63:59 TYPE        SWAP_TYPE            which swap device
            """);

    /** The Knights Landing erratum may set A and D in an unused entry. */
    static Pae of(PagingGeometry geometry) {
      EntryFlags flags = EntryFlags.of(FIELDS, FLAGS + "no-exec: XD\nunused: A D");
      return new Pae(FIELDS, PteBits.of(FIELDS), flags, LeafMasks.of(geometry));
    }

    @Override
    public long reserved(long raw, Level level) {
      return level == Level.PGD
          ? raw & bits.reservedInRoot()
          : X86PteFormat.super.reserved(raw, level);
    }

    /** Root entries take nothing away: table 4-8 has no R/W, U/S and XD. */
    @Override
    public int rights(long raw, Level level) {
      return level == Level.PGD ? Rights.ALL : X86PteFormat.super.rights(raw, level);
    }

    /** Table 4-8: root entries have no accessed flag. */
    @Override
    public long touched(long raw, Level level) {
      return level == Level.PGD ? raw : X86PteFormat.super.touched(raw, level);
    }

    /** {@code pud_bad()}, for Linux calls the root of PAE a pud, too. */
    @Override
    public boolean bad(long raw, Level level) {
      return (unlikeTable(raw) & (level == Level.PGD ? raw : -1)) != 0;
    }

    /** {@code pud_populate()}: the address and P, nothing else. */
    @Override
    public long mkTable(long physAddr, Level level, TableOwner owner) {
      return level == Level.PGD
          ? physAddr | bits.valid()
          : X86PteFormat.super.mkTable(physAddr, level, owner);
    }
  }

  /** Entries of 4 bytes; addresses in entries that are not present are not inverted. */
  record TwoLevel(List<EntryField> fields, PteBits bits, EntryFlags flags, LeafMasks leaves)
      implements X86PteFormat {
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
            T    6     D           IGNORED            ignored; Linux sets it
            TH   7     PS          LEAF               maps 4M
            P    7     PAT         MEMORY_TYPE        PAT index bit 2
            HP   8     G           GLOBAL_OR_PROTNONE global; PROT_NONE if P=0
            T    11:8  IGN         IGNORED            ignored
            HP   9     SPECIAL     SPECIAL            software: no struct page
            HP   10    SAVED_DIRTY SAVED_DIRTY        software: D, while R/W=0
            HP   11    IGN         IGNORED            ignored
            H    12    PAT         MEMORY_TYPE        PAT index bit 2
            H    20:13 ADDRESS_HI  FRAME_HIGH         address bits 39:32 (PSE-36)
            H    21    0           RESERVED           must be zero
            H    31:22 ADDRESS     FRAME              address bits 31:22
            TP   31:12 ADDRESS     FRAME              physical address
            S    5:1   TYPE        SWAP_TYPE          which swap device
            S    6     0           RESERVED           unused
            S    7     E           SWAP_EXCLUSIVE     anonymous exclusive
            S    8     0           RESERVED           or it would count as present
            S    31:9  OFFSET      SWAP_OFFSET        offset
            """);

    static TwoLevel of(PagingGeometry geometry) {
      EntryFlags flags = EntryFlags.of(FIELDS, FLAGS);
      return new TwoLevel(FIELDS, PteBits.of(FIELDS), flags, LeafMasks.of(geometry));
    }
  }
}
