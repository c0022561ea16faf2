package org.mmport.arch.ppc64;

import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PresentOnlyTlb;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbRules;

/**
 * What entries of the trees from which Linux fills a hash table have of their own: Linux {@code
 * arch/powerpc/include/asm/book3s/64/hash-4k.h} (the slot is noted in the entry) and {@code
 * hash-64k.h} (the slots are noted behind the entries).
 */
final class Ppc64HashEntries {
  /** Tables lie at multiples of their size; LOW is what is below that of the smallest. */
  private static final String FIELDS =
      """
      [hash-4k hash-64k]
      T    61    RES        IGNORED        reserved
      T    4:0   LOW        RESERVED       0: software knows the sizes
      HP   6     BUSY       OTHER          software: locked
      [hash-4k]
      T    52:10 NLB        FRAME          next table
      T    9:8   LOW        FRAME          0
      P    60    HASHPTE    OTHER          software: is hashed
      P    59:57 PKEY       KEY            protection key
      P    56    F_SECOND   OTHER          software: in the secondary group
      P    55:53 F_GIX      OTHER          software: index in the group
      [hash-64k]
      T    52:12 NLB        FRAME          next table
      T    11:8  LOW        FRAME          0
      H    52:24 RPN        FRAME          low bits 0 in larger leaves
      H    23:12 RPN        IGNORED        below the leaf's size
      HP   60:56 PKEY       KEY            protection key
      HP   55    HASHPTE    OTHER          software: is hashed
      HP   54:53 0          IGNORED        unused
      P    15:14 RPN        IGNORED        unused
      P    13    4K_PFN     OTHER          software: one page of 4 KiB
      P    12    COMBO      OTHER          software: hashed in pages of 4 KiB
      """;

  private Ppc64HashEntries() {}

  static PteFormat format(String name, PagingGeometry geometry) {
    return Ppc64PteFormat.of(name, geometry, FIELDS);
  }

  /**
   * Software sets R at a hash fault only, so an entry that lost it must be hashed anew.
   *
   * @param other fields of a leaf that say in which sizes it is hashed
   */
  static TlbRules today(PteFormat format, String other) {
    String rules = "table: V L NLB LOW\nlost: EAA1 EAA2 EAA3 C R\nleaf: V L RPN ATT EAA0 PKEY ";
    return PresentOnlyTlb.of(format, rules + other).walkedBySoftware();
  }

  /** What {@code ptep_set_access_flags()} adds without a flush of the hash table is free. */
  static TlbRules of2006(PteFormat format) {
    String leaf = "leaf: PRESENT USER GUARDED COHERENT NO_CACHE WRITETHRU RPN\n";
    String rules = "table: *\n" + leaf + "lost: DIRTY ACCESSED RW EXEC";
    return PresentOnlyTlb.of(format, rules).walkedBySoftware();
  }
}
