package org.mmport.arch.ppc64;

import static org.mmport.spi.EntryField.bit;
import static org.mmport.spi.EntryKind.HUGE;
import static org.mmport.spi.EntryKind.PAGE;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.mmport.spi.EntryField;
import org.mmport.spi.EntryKind;
import org.mmport.spi.EntryRole;

/**
 * What tells one kind of Linux's trees from another.
 *
 * @param pmdShift what a leaf of the level PMD maps, as log2; pudShift alike
 * @param pmdSize index bits that entries at PMD name (NLS), 0 where they name none
 * @param upperSize the same above
 * @param lateBits that may be set in an unused entry of the last level
 * @param badBits that no table entry has
 * @param zeroInLeaf what hardware demands to be zero
 * @param withExec what the right to execute brings with it
 * @param kinds of entries that there are
 * @param own fields that only this kind has
 */
record Ppc64Tree(
    int pageShift,
    int pmdShift,
    int pudShift,
    int pmdSize,
    int upperSize,
    long lateBits,
    long badBits,
    long zeroInLeaf,
    long withExec,
    Set<EntryKind> kinds,
    List<EntryField> own) {
  private static final Set<EntryKind> ALL = EnumSet.complementOf(EnumSet.of(EntryKind.ROOT));

  static final long BUSY = 1L << 6;
  static final long SLOT_4K = 15L << 53;
  static final long HASHPTE_4K = 1L << 60;
  static final long HASHPTE_64K = 1L << 55;
  static final long COMBO = 1L << 12;

  /** Linux's {@code radix.h}; hardware writes R and C back late. */
  static Ppc64Tree radix(int pageShift, int pteIndexBits) {
    List<EntryField> own =
        List.of(
            EntryField.of("RSV", 60, 57, EntryRole.IGNORED, "reserved", HUGE, PAGE),
            EntryField.of("RPN", 56, 53, EntryRole.RESERVED, "above what any CPU has", HUGE, PAGE),
            low(pageShift),
            bit("RSV", 6, EntryRole.IGNORED, "reserved", HUGE, PAGE));
    long late = Ppc64PteFormat.R | Ppc64PteFormat.C;
    return new Ppc64Tree(
        pageShift, 21, 30, pteIndexBits, 9, late, 0x60000000000000e0L, 15L << 53, 0, ALL, own);
  }

  /** {@code hash-4k.h}: the slot is noted in the entry. */
  static Ppc64Tree hash4k() {
    List<EntryField> own =
        List.of(
            bit("HASHPTE", 60, EntryRole.OTHER, "software: is hashed", PAGE),
            EntryField.of("PKEY", 59, 57, EntryRole.KEY, "protection key", PAGE),
            bit("F_SECOND", 56, EntryRole.OTHER, "software: in the secondary group", PAGE),
            EntryField.of("F_GIX", 55, 53, EntryRole.OTHER, "software: index in the group", PAGE),
            low(12),
            bit("BUSY", 6, EntryRole.OTHER, "software: locked", PAGE));
    long flags = BUSY | HASHPTE_4K | SLOT_4K;
    return new Ppc64Tree(
        12,
        21,
        28,
        0,
        0,
        flags,
        Ppc64PteFormat.L | 0x3ff,
        0,
        Ppc64PteFormat.READ,
        EnumSet.of(EntryKind.TABLE, PAGE, EntryKind.SWAP),
        own);
  }

  /** {@code hash-64k.h}: the slots are noted behind the entries. */
  static Ppc64Tree hash64k() {
    List<EntryField> own =
        List.of(
            EntryField.of("PKEY", 60, 56, EntryRole.KEY, "protection key", HUGE, PAGE),
            bit("HASHPTE", 55, EntryRole.OTHER, "software: is hashed", HUGE, PAGE),
            EntryField.of("0", 54, 53, EntryRole.IGNORED, "unused", HUGE, PAGE),
            EntryField.of("0", 15, 14, EntryRole.IGNORED, "unused", PAGE),
            bit("4K_PFN", 13, EntryRole.OTHER, "software: one page of 4 KiB", PAGE),
            bit("COMBO", 12, EntryRole.OTHER, "software: hashed in pages of 4 KiB", PAGE),
            bit("BUSY", 6, EntryRole.OTHER, "software: locked", HUGE, PAGE));
    long flags = BUSY | HASHPTE_64K | COMBO;
    return new Ppc64Tree(
        16, 24, 34, 0, 0, flags, Ppc64PteFormat.L | 0xfff, 0, Ppc64PteFormat.READ, ALL, own);
  }

  private static EntryField low(int pageShift) {
    EntryRole role = pageShift == 12 ? EntryRole.FRAME : EntryRole.IGNORED;
    return EntryField.of("RPN", 15, 12, role, "in pages of 4 KiB", PAGE);
  }
}
