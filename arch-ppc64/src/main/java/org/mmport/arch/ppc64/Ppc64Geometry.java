package org.mmport.arch.ppc64;

import java.nio.ByteOrder;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaLayout;

/**
 * Shapes: Linux {@code arch/powerpc/include/asm/book3s/64/radix-{4k,64k}.h}. The linear map is
 * first, vmalloc comes after it: {@code RADIX_KERN_VIRT_START}.
 */
final class Ppc64Geometry {
  private static final String RADIX =
      "kernel c000000000000000-c00fffffffffffff linear c000000000000000-c007ffffffffffff"
          + " vmalloc c008000000000000-c009ffffffffffff";
  static final PagingGeometry RADIX_4K = of(12, 53, 52, RADIX, "PGD:13 PUD:9+ PMD:9+ PTE:9+");
  static final PagingGeometry RADIX_64K = of(16, 53, 52, RADIX, "PGD:13 PUD:9+ PMD:9+ PTE:5+");

  private Ppc64Geometry() {}

  /**
   * The user's addresses go through root 0, the kernel's through root 1; big-endian always.
   *
   * @param kernel as {@link VaLayout#withOwnKernel} reads it
   */
  static PagingGeometry of(int shift, int paBits, int vaBits, String kernel, String levels) {
    VaLayout layout = VaLayout.withOwnKernel(vaBits, kernel);
    return PagingGeometry.of(shift, layout, paBits, ByteOrder.BIG_ENDIAN, 8, levels);
  }
}
