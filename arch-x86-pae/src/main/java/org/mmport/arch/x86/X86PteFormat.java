package org.mmport.arch.x86;

import java.util.List;
import org.mmport.spi.EntryField;
import org.mmport.spi.Level;
import org.mmport.spi.Protection;
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
  long P = 1L << 0;
  long RW = 1L << 1;
  long US = 1L << 2;
  long A = 1L << 5;
  long D = 1L << 6;

  /** PS in a table or huge entry, PAT in a page entry. */
  long PS = 1L << 7;

  /** Global where P is set, PROT_NONE where it is not. */
  long G = 1L << 8;

  long PAT_LARGE = 1L << 12;
  long ADDRESS = 0x000f_ffff_ffff_f000L;
  long XD = 1L << 63;

  /** {@code pmd_present()}: a huge leaf stays present while it is split. */
  @Override
  default boolean present(long raw, Level level) {
    return (raw & (level == Level.PTE ? P | G : P | G | PS)) != 0;
  }

  /** {@code pmd_bad()}. */
  @Override
  default boolean bad(long raw, Level level) {
    return (raw & ~(bits().tableFrame() | US | A)) != (P | RW | D);
  }

  /** {@code protection_map} (arch/x86/mm/pgprot.c) and {@code PAGE_KERNEL*}. */
  @Override
  default long pgprot(Protection protection) {
    // Slots of the PAT as Linux loads it, arch/x86/mm/pat/memtype.c: pat_bp_init().
    int slot =
        switch (protection.memoryType()) {
          case WRITE_BACK -> 0;
          case WRITE_COMBINE -> 1;
          case UNCACHED -> 2;
          case WRITE_THROUGH -> 7;
        };
    long flags = Long.expand(slot, bits().memoryType()) | A | bits().keyBits(protection.key());
    if (protection.isNone()) {
      return flags | G;
    }
    flags |= P | (protection.exec() ? 0 : bits().noExec());
    if (protection.owner() == TableOwner.KERNEL) {
      return flags | G | (protection.write() ? RW | D : 0);
    }
    return flags | US | (protection.write() && protection.shared() ? RW : 0);
  }

  @Override
  default long mkLeaf(long physAddr, long pgprot, Level level) {
    // protval_4k_2_large(): PAT makes room for PS.
    long flags = level == Level.PTE ? pgprot : (pgprot & ~PS) | (pgprot & PS) << 5 | PS;
    return withPhysAddr(flags, physAddr, level);
  }

  @Override
  default long splitLeaf(long raw, Level level, Level lower) {
    long small = raw & ~(PS | PAT_LARGE | bits().hugeFrame() | bits().pageFrame());
    return withPhysAddr(small | (raw & PAT_LARGE) >> 5, physAddr(raw, level), lower);
  }

  /** {@code _PAGE_TABLE} and {@code _KERNPG_TABLE}. */
  @Override
  default long mkTable(long physAddr, Level level, TableOwner owner) {
    return physAddr | P | RW | A | D | (owner == TableOwner.USER ? US : 0);
  }

  /** Entries of 8 bytes. */
  record Pae(List<EntryField> fields, PteBits bits) implements X86PteFormat {
    /**
     * But bit 5: a walk does not look again at what CR3 was loaded with, and QEMU sets it there.
     */
    private static final long NOT_IN_ROOT = 0xfff0_0000_0000_01c6L;

    private static final long NOT_BELOW = 0x7ff0_0000_0000_0000L;
    private static final long ADDRESS_2M = 0x000f_ffff_ffe0_0000L;

    private static final List<EntryField> FIELDS =
        EntryField.table(
            """
            THPSR 0     P           VALID              present
            THP   1     R/W         WRITE              writable
            THP   2     U/S         USER               user
            R     2:1   0           RESERVED           must be zero
            THPR  3     PWT         MEMORY_TYPE        PAT index bit 0
            THPR  4     PCD         MEMORY_TYPE        PAT index bit 1
            THP   5     A           YOUNG              accessed
            HP    6     D           DIRTY              dirty
            T     6     IGN         IGNORED            ignored; Linux sets it
            TH    7     PS          LEAF               maps 2M
            P     7     PAT         MEMORY_TYPE        PAT index bit 2
            R     5     A           OTHER              reserved when CR3 is loaded; QEMU sets it
            R     8:6   0           RESERVED           must be zero
            HP    8     G           GLOBAL_OR_PROTNONE global; PROT_NONE if P=0
            T     11:8  IGN         IGNORED            ignored
            R     11:9  IGN         IGNORED            ignored
            HP    9     SPECIAL     SPECIAL            software: no struct page
            HP    10    SAVED_DIRTY SAVED_DIRTY        software: D, while R/W=0
            HP    11    IGN         IGNORED            ignored
            H     12    PAT         MEMORY_TYPE        PAT index bit 2
            H     51:13 ADDRESS     FRAME              low bits 0: 20:13
            TPR   51:12 ADDRESS     FRAME              physical address
            THP   62:52 0           RESERVED           must be zero
            THP   63    XD          NO_EXEC            execute disable
            R     63:52 0           RESERVED           must be zero
            S     4:1   0           RESERVED           unused
            S     6:5   IGN         IGNORED            an erratum may set them
            S     7     E           SWAP_EXCLUSIVE     anonymous exclusive
            S     8     0           RESERVED           or it would count as present
            S     58:9  OFFSET      SWAP_OFFSET        offset, inverted
            S     63:59 TYPE        SWAP_TYPE          which swap device
            """);

    static final Pae INSTANCE = new Pae(FIELDS, PteBits.of(FIELDS));

    @Override
    public boolean leaf(long raw, Level level) {
      return level == Level.PTE || (level == Level.PMD && (raw & PS) != 0);
    }

    @Override
    public long reserved(long raw, Level level) {
      if (level == Level.PGD) {
        return raw & NOT_IN_ROOT;
      }
      boolean huge = level == Level.PMD && (raw & PS) != 0;
      return raw & (huge ? NOT_BELOW | (ADDRESS & ~PAT_LARGE & ~ADDRESS_2M) : NOT_BELOW);
    }

    @Override
    public long frameMask(Level level) {
      return level == Level.PTE ? ADDRESS : ADDRESS_2M;
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

    /** {@code pud_bad()}, for Linux calls the root of PAE a pud, too. */
    @Override
    public boolean bad(long raw, Level level) {
      return level == Level.PGD
          ? (raw & ~(ADDRESS | P | RW | US | A | D)) != 0
          : X86PteFormat.super.bad(raw, level);
    }

    /** {@code pud_populate()}: the address and P, nothing else. */
    @Override
    public long mkTable(long physAddr, Level level, TableOwner owner) {
      return level == Level.PGD
          ? (physAddr | P)
          : X86PteFormat.super.mkTable(physAddr, level, owner);
    }
  }

  /** Entries of 4 bytes; addresses in entries that are not present are not inverted. */
  record TwoLevel(List<EntryField> fields, PteBits bits) implements X86PteFormat {
    private static final long BIT_21 = 1L << 21;

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
            TH   7     PS          LEAF               maps 4M
            P    7     PAT         MEMORY_TYPE        PAT index bit 2
            HP   8     G           GLOBAL_OR_PROTNONE global; PROT_NONE if P=0
            T    11:8  IGN         IGNORED            ignored
            HP   9     SPECIAL     SPECIAL            software: no struct page
            HP   10    SAVED_DIRTY SAVED_DIRTY        software: D, while R/W=0
            HP   11    IGN         IGNORED            ignored
            H    12    PAT         MEMORY_TYPE        PAT index bit 2
            H    20:13 ADDRESS_HI  FRAME              address bits 39:32 (PSE-36)
            H    21    0           RESERVED           must be zero
            H    31:22 ADDRESS     FRAME              address bits 31:22
            TP   31:12 ADDRESS     FRAME              physical address
            S    5:1   TYPE        SWAP_TYPE          which swap device
            S    6     0           RESERVED           unused
            S    7     E           SWAP_EXCLUSIVE     anonymous exclusive
            S    8     0           RESERVED           or it would count as present
            S    31:9  OFFSET      SWAP_OFFSET        offset
            """);

    static final TwoLevel INSTANCE = new TwoLevel(FIELDS, PteBits.of(FIELDS));

    @Override
    public long reserved(long raw, Level level) {
      return level == Level.PGD && (raw & PS) != 0 ? raw & BIT_21 : 0;
    }

    /** Bits 39:32 of a 4 MiB leaf lie in 20:13: table 4-4. */
    @Override
    public long physAddr(long raw, Level level) {
      long low = raw & frameMask(level);
      return level == Level.PTE ? low : (low & 0xffc0_0000L) | (low & 0x1f_e000L) << 19;
    }

    @Override
    public long withPhysAddr(long raw, long physAddr, Level level) {
      long mask = frameMask(level);
      long folded = level == Level.PTE ? physAddr : physAddr | (physAddr >> 19 & 0x1f_e000L);
      return (raw & ~mask) | (folded & mask);
    }
  }
}
