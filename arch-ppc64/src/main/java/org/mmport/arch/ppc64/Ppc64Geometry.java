package org.mmport.arch.ppc64;

import java.nio.ByteOrder;
import java.util.List;
import org.mmport.spi.KernelAreas;
import org.mmport.spi.KernelHalf;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaLayout;
import org.mmport.spi.VaRegion;

/**
 * Shapes: Linux {@code arch/powerpc/include/asm/book3s/64/{radix,hash}-{4k,64k}.h}, and for 2006
 * {@code include/asm-powerpc/pgtable-{4k,64k}.h} of Linux 2.6.18; big-endian always.
 */
final class Ppc64Geometry {
  static final PagingGeometry RADIX_4K = of(12, 53, radixLayout(), "PGD:13 PUD:9+ PMD:9+ PTE:9+");
  static final PagingGeometry RADIX_64K = of(16, 53, radixLayout(), "PGD:13 PUD:9+ PMD:9+ PTE:5+");
  static final PagingGeometry HASH_4K =
      of(
          12,
          53,
          kernelAt(0xcL << 60, 46, 1L << 46, 0, 61L << 40, 1L << 40),
          "PGD:9 PUD:9 PMD:7 PTE:9+");

  /** Behind the entries: slots at PTE, the tables put by for huge leaves at PMD and PUD. */
  static final PagingGeometry HASH_64K =
      of(
          16,
          53,
          kernelAt(0xcL << 60, 52, 7L << 49, 0, 1L << 51, 1L << 49),
          "PGD:8 PUD:10+/16384 PMD:10+/16384 PTE:8+/4096");

  /** {@code pgtable-4k.h} of 2006; the linear map is in no tree, vmalloc and I/O are. */
  static final PagingGeometry HASH_4K_2006 = of(12, 59, of2006(), "PGD:9 PUD:7 PMD:7 PTE:9+");

  /** {@code pgtable-64k.h} of 2006: behind the leaves, where their pages of 4 KiB are hashed. */
  static final PagingGeometry HASH_64K_2006 = of(16, 50, of2006(), "PGD:4 PMD:12 PTE:12+/65536");

  private Ppc64Geometry() {}

  private static VaLayout radixLayout() {
    return kernelAt(0xcL << 60, 52, 1L << 52, 0, 1L << 51, 1L << 49);
  }

  /**
   * The user's addresses from 0, through root 0, and the kernel's, through root 1; the hash MMU's
   * end with vmemmap. The linear map is first, vmalloc comes after it: {@code
   * RADIX_KERN_VIRT_START} and {@code H_KERN_VIRT_START}. For the hash MMU Linux bolts the linear
   * map into the hash table; here it is in the tree like all else.
   *
   * @param linear bytes from the kernel's first address to the linear map
   * @param vmalloc the same to vmalloc
   */
  private static VaLayout kernelAt(
      long firstVa, int bits, long kernelBytes, long linear, long vmalloc, long vmallocBytes) {
    long size = 1L << bits;
    VaRegion kernel = new VaRegion("kernel", firstVa, firstVa + kernelBytes - 1, 1);
    long linearEnd = linear < vmalloc ? firstVa + vmalloc : firstVa + kernelBytes;
    KernelAreas areas =
        KernelAreas.of(
            kernel,
            firstVa + linear,
            linearEnd - 1,
            firstVa + vmalloc,
            firstVa + vmalloc + vmallocBytes - 1);
    return new VaLayout(List.of(new VaRegion("user", 0, size - 1, 0), kernel))
        .withKernelHalf(new KernelHalf.OwnRoot(areas));
  }

  /**
   * 8 TiB of vmalloc, then what is there for I/O ({@code VMALLOC_SIZE} and {@code PHBS_IO_BASE} in
   * {@code include/asm-powerpc/pgtable.h} of Linux 2.6.18), where the linear map is put here: in
   * Linux it lies at 0xc, in no tree.
   */
  private static VaLayout of2006() {
    return kernelAt(0xdL << 60, 44, 1L << 44, 1L << 43, 0, 1L << 43);
  }

  private static PagingGeometry of(int pageShift, int paBits, VaLayout layout, String levels) {
    return PagingGeometry.of(pageShift, layout, paBits, ByteOrder.BIG_ENDIAN, 8, levels);
  }
}
