package org.mmport.arch.ppc64;

import java.nio.ByteOrder;
import java.util.List;
import org.mmport.spi.KernelAreas;
import org.mmport.spi.KernelHalf;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.TablePlacement;
import org.mmport.spi.VaLayout;
import org.mmport.spi.VaRegion;

/**
 * Shapes: Linux {@code arch/powerpc/include/asm/book3s/64/{radix,hash}-{4k,64k}.h}, and for 2006
 * {@code include/asm-powerpc/pgtable-{4k,64k}.h} of Linux 2.6.18; big-endian always.
 */
final class Ppc64Geometry {
  static final PagingGeometry RADIX_4K = radix(12, 9);
  static final PagingGeometry RADIX_64K = radix(16, 5);
  static final PagingGeometry HASH_4K =
      of(
          12,
          53,
          kernelAt(0xcL << 60, 46, 1L << 46, 0, 61L << 40, 1L << 40),
          PagingGeometry.levels(
              LevelGeometry.of(Level.PGD, 9, 8, false),
              LevelGeometry.of(Level.PUD, 9, 8, false),
              LevelGeometry.of(Level.PMD, 7, 8, false),
              LevelGeometry.of(Level.PTE, 9, 8, true)));

  /** Behind the entries: slots at PTE, the tables put by for huge leaves at PMD and PUD. */
  static final PagingGeometry HASH_64K =
      of(
          16,
          53,
          kernelAt(0xcL << 60, 52, 7L << 49, 0, 1L << 51, 1L << 49),
          PagingGeometry.levels(
              LevelGeometry.of(Level.PGD, 8, 8, false),
              roomy(Level.PUD, 10, 16384, true),
              roomy(Level.PMD, 10, 16384, true),
              roomy(Level.PTE, 8, 4096, true)));

  /** {@code pgtable-4k.h} of 2006; the linear map is in no tree, vmalloc and I/O are. */
  static final PagingGeometry HASH_4K_2006 =
      of(
          12,
          59,
          of2006(),
          PagingGeometry.levels(
              LevelGeometry.of(Level.PGD, 9, 8, false),
              LevelGeometry.of(Level.PUD, 7, 8, false),
              LevelGeometry.of(Level.PMD, 7, 8, false),
              LevelGeometry.of(Level.PTE, 9, 8, true)));

  /** {@code pgtable-64k.h} of 2006: behind the leaves, where their pages of 4 KiB are hashed. */
  static final PagingGeometry HASH_64K_2006 =
      of(
          16,
          50,
          of2006(),
          PagingGeometry.levels(
              LevelGeometry.of(Level.PGD, 4, 8, false),
              LevelGeometry.of(Level.PMD, 12, 8, false),
              roomy(Level.PTE, 12, 65536, true)));

  private Ppc64Geometry() {}

  private static PagingGeometry radix(int pageShift, int pteBits) {
    return of(
        pageShift,
        53,
        kernelAt(0xcL << 60, 52, 1L << 52, 0, 1L << 51, 1L << 49),
        PagingGeometry.levels(
            LevelGeometry.of(Level.PGD, 13, 8, false),
            LevelGeometry.of(Level.PUD, 9, 8, true),
            LevelGeometry.of(Level.PMD, 9, 8, true),
            LevelGeometry.of(Level.PTE, pteBits, 8, true)));
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

  static PagingGeometry of(int pageShift, int paBits, VaLayout layout, List<LevelGeometry> levels) {
    return new PagingGeometry(pageShift, layout, paBits, ByteOrder.BIG_ENDIAN, 8, 8, levels);
  }

  /** A level whose tables keep something behind their entries. */
  static LevelGeometry roomy(Level level, int indexBits, int tableBytes, boolean leafAllowed) {
    TablePlacement placement = TablePlacement.natural(tableBytes);
    return new LevelGeometry(level, indexBits, leafAllowed, placement);
  }
}
