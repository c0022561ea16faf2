package org.mmport.arch.ppc64;

import java.nio.ByteOrder;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaLayout;

/**
 * Shapes: Linux {@code arch/powerpc/include/asm/book3s/64/{radix,hash}-{4k,64k}.h}, and for 2006
 * {@code include/asm-powerpc/pgtable-{4k,64k}.h} of Linux 2.6.18; big-endian always. The user's
 * addresses go through root 0, and the kernel's through root 1; the hash MMU's end with vmemmap.
 * The linear map is first, vmalloc comes after it: {@code RADIX_KERN_VIRT_START} and {@code
 * H_KERN_VIRT_START}. For the hash MMU Linux bolts the linear map into the hash table; here it is
 * in the tree like all else.
 */
final class Ppc64Geometry {
  private static final String RADIX =
      "kernel c000000000000000-c00fffffffffffff linear c000000000000000-c007ffffffffffff"
          + " vmalloc c008000000000000-c009ffffffffffff";
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

  static final PagingGeometry RADIX_4K = of(12, 53, 52, RADIX, "PGD:13 PUD:9+ PMD:9+ PTE:9+");
  static final PagingGeometry RADIX_64K = of(16, 53, 52, RADIX, "PGD:13 PUD:9+ PMD:9+ PTE:5+");
  static final PagingGeometry HASH_4K = of(12, 53, 46, HASH_OF_4K, "PGD:9 PUD:9 PMD:7 PTE:9+");

  /** Behind the entries: slots at PTE, the tables put by for huge leaves at PMD and PUD. */
  static final PagingGeometry HASH_64K =
      of(16, 53, 52, HASH_OF_64K, "PGD:8 PUD:10+/16384 PMD:10+/16384 PTE:8+/4096");

  static final PagingGeometry HASH_4K_2006 = of(12, 59, 44, OF_2006, "PGD:9 PUD:7 PMD:7 PTE:9+");

  /** Behind the leaves, where their pages of 4 KiB are hashed. */
  static final PagingGeometry HASH_64K_2006 =
      of(16, 50, 44, OF_2006, "PGD:4 PMD:12 PTE:12+/65536");

  private Ppc64Geometry() {}

  private static PagingGeometry of(int shift, int paBits, int vaBits, String kernel, String levels) {
    VaLayout layout = VaLayout.withOwnKernel(vaBits, kernel);
    return PagingGeometry.of(shift, layout, paBits, ByteOrder.BIG_ENDIAN, 8, levels);
  }
}
