package org.mmport.arch.ppc64;

import static org.mmport.spi.MmuFeature.BROADCAST_TLBI;
import static org.mmport.spi.MmuFeature.LEAF_PMD;
import static org.mmport.spi.MmuFeature.LEAF_PUD;

import java.util.List;
import java.util.Set;
import org.mmport.arch.ppc64.Ppc64HashMmu.Form;
import org.mmport.spi.BatchOps;
import org.mmport.spi.HashMmu;
import org.mmport.spi.HashNotes;
import org.mmport.spi.HashSegments;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.RootFinder;
import org.mmport.spi.RootRegisters;
import org.mmport.spi.TlbRules;

/**
 * The variants with a hash table, from trees that software alone walks. Shapes: Linux {@code
 * arch/powerpc/include/asm/book3s/64/hash-{4k,64k}.h}, and for 2006 {@code
 * include/asm-powerpc/pgtable-{4k,64k}.h} of Linux 2.6.18. The kernel's addresses end with vmemmap;
 * its linear map is first, vmalloc comes after it: {@code H_KERN_VIRT_START}. Linux bolts the
 * linear map into the hash table; here it is in the tree like all else.
 */
final class Ppc64HashVariants {
  private static final String HASH_OF_4K =
      "kernel c000000000000000-c0003fffffffffff linear c000000000000000-c0003cffffffffff"
          + " vmalloc c0003d0000000000-c0003dffffffffff";
  private static final String HASH_OF_64K =
      "kernel c000000000000000-c00dffffffffffff linear c000000000000000-c007ffffffffffff"
          + " vmalloc c008000000000000-c009ffffffffffff";

  /**
   * 8 TiB of vmalloc, then what is there for I/O ({@code VMALLOC_SIZE} and {@code PHBS_IO_BASE} in
   * {@code include/asm-powerpc/pgtable.h} of Linux 2.6.18), where the linear map is put here: in
   * Linux it lies at 0xc, in no tree.
   */
  private static final String OF_2006 =
      "kernel d000000000000000-d0000fffffffffff linear d000080000000000-d0000fffffffffff"
          + " vmalloc d000000000000000-d00007ffffffffff";

  /** Nothing but the kernel knows these: {@code pgd} is the process's, by physical address. */
  private static final RootFinder ROOTS =
      RootRegisters.of(
          "root pgd\nroot SYMBOL(swapper_pg_dir) 52:12\n"
              + "pgd known hashed: name pgd and SYMBOL(swapper_pg_dir) for its trees");

  static final PagingGeometry HASH_4K =
      Ppc64Geometry.of(12, 53, 46, HASH_OF_4K, "PGD:9 PUD:9 PMD:7 PTE:9+");

  /** Behind the entries: slots at PTE, the tables put by for huge leaves at PMD and PUD. */
  static final PagingGeometry HASH_64K =
      Ppc64Geometry.of(16, 53, 52, HASH_OF_64K, "PGD:8 PUD:10+/16384 PMD:10+/16384 PTE:8+/4096");

  static final PagingGeometry HASH_4K_2006 =
      Ppc64Geometry.of(12, 59, 44, OF_2006, "PGD:9 PUD:7 PMD:7 PTE:9+");

  /** Behind the leaves, where their pages of 4 KiB are hashed. */
  static final PagingGeometry HASH_64K_2006 =
      Ppc64Geometry.of(16, 50, 44, OF_2006, "PGD:4 PMD:12 PTE:12+/65536");

  private static final String HUGEPTE_2006 =
      "16M pages of 2.6.18 lie in tables of 16 entries beside the levels (HUGEPTE_INDEX_SIZE, hugetlbpage.c)";

  static final List<MmuVariant> ALL =
      List.of(
          today("hash-4k", HASH_4K, 44, "", "F_SECOND F_GIX")
              .leavingOut(
                  LEAF_PMD,
                  "16M pages are runs of 8 entries, hashed as one; here each leaf is hashed by itself")
              .leavingOut(
                  LEAF_PUD,
                  "16G pages are runs of 64 entries, hashed as one; here each leaf is hashed by itself"),
          today("hash-64k", HASH_64K, 49, "COMBO", ""),
          of2006("4k", HASH_4K_2006, "", "SECONDARY GROUP_IX"),
          of2006("64k", HASH_64K_2006, "COMBO", "SLOT"));

  private Ppc64HashVariants() {}

  private static MmuVariant today(
      String name, PagingGeometry geometry, int areaBits, String other, String place) {
    PteFormat format = Ppc64HashEntries.format(name, geometry);
    HashNotes notes = HashNotes.of(geometry, format, "HASHPTE", other, place);
    Ppc64HashedLeaf leaf = new Ppc64HashedLeaf.Today(format.bits());
    Ppc64Vsids vsids = new Ppc64Vsids.Today(areaBits);
    HashMmu mmu = new Ppc64HashMmu(format, vsids, leaf, notes, Form.POWER8);
    TlbRules rules = Ppc64HashEntries.today(format, other.isEmpty() ? "" : "4K_PFN " + other);
    return variant(name, geometry, format, rules, mmu);
  }

  private static MmuVariant of2006(
      String pages, PagingGeometry geometry, String other, String place) {
    PteFormat format = Ppc64PteFormat2006.of(pages, geometry);
    HashNotes notes = HashNotes.of(geometry, format, "HASHPTE", other, place);
    Ppc64HashedLeaf leaf = new Ppc64HashedLeaf.Of2006(format.bits());
    HashMmu mmu = new Ppc64HashMmu(format, new Ppc64Vsids.Of2006(), leaf, notes, Form.POWER8);
    String name = "hash-" + pages + "-2006";
    return variant(name, geometry, format, Ppc64HashEntries.of2006(format), mmu)
        .leavingOut(LEAF_PMD, HUGEPTE_2006);
  }

  private static MmuVariant variant(
      String name, PagingGeometry geometry, PteFormat format, TlbRules rules, HashMmu mmu) {
    return new MmuVariant(
        "ppc64/" + name,
        geometry,
        Set.of(BROADCAST_TLBI),
        format,
        rules,
        BatchOps.ENTRY_WISE,
        new HashSegments(mmu, Ppc64HashMmu.SHIFT_256M),
        ROOTS);
  }
}
