package org.mmport.arch.arm64;

import com.google.auto.service.AutoService;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.mmport.spi.Architecture;
import org.mmport.spi.KernelAreas;
import org.mmport.spi.KernelHalf;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.SegmentMap;
import org.mmport.spi.VaLayout;

/**
 * The arm64 port. Every table but the root is a granule; the root is as small as its entries: Linux
 * {@code arch/arm64/include/asm/pgtable-hwdef.h}, {@code ARM64_HW_PGTABLE_LEVELS}. Blocks at the
 * level above PTE, and of 1 GiB with 4 KiB pages.
 */
@AutoService(Architecture.class)
public final class Arm64Architecture implements Architecture {
  private static final List<MmuVariant> VARIANTS =
      List.of(
          variant("arm64/4k-va39", 39, Arm64Output.of(12, 48), "PGD:9+ PMD:9+ PTE:9+"),
          variant("arm64/4k-va48", 48, Arm64Output.of(12, 48), "PGD:9 PUD:9+ PMD:9+ PTE:9+"),
          variant("arm64/4k-va52", 52, Arm64Output.of(12, 52), "PGD:4 P4D:9 PUD:9+ PMD:9+ PTE:9+"),
          variant("arm64/16k-va36", 36, Arm64Output.of(14, 48), "PGD:11+ PTE:11+"),
          variant("arm64/16k-va47", 47, Arm64Output.of(14, 48), "PGD:11 PMD:11+ PTE:11+"),
          variant("arm64/16k-va48", 48, Arm64Output.of(14, 48), "PGD:1 PUD:11 PMD:11+ PTE:11+"),
          variant("arm64/16k-va52", 52, Arm64Output.of(14, 52), "PGD:5 PUD:11 PMD:11+ PTE:11+"),
          variant("arm64/64k-va42", 42, Arm64Output.of(16, 52), "PGD:13+ PTE:13+"),
          variant("arm64/64k-va48", 48, Arm64Output.of(16, 52), "PGD:6 PMD:13+ PTE:13+"),
          variant("arm64/64k-va52", 52, Arm64Output.of(16, 52), "PGD:10 PMD:13+ PTE:13+"),
          noAfdbm(
              "arm64/4k-va48-noafdbm", 48, Arm64Output.of(12, 48), "PGD:9 PUD:9+ PMD:9+ PTE:9+"),
          noAfdbm("arm64/16k-va47-noafdbm", 47, Arm64Output.of(14, 48), "PGD:11 PMD:11+ PTE:11+"),
          noAfdbm("arm64/64k-va48-noafdbm", 48, Arm64Output.of(16, 52), "PGD:6 PMD:13+ PTE:13+"));

  @Override
  public String name() {
    return "arm64";
  }

  @Override
  public List<MmuVariant> variants() {
    return VARIANTS;
  }

  /** EM_AARCH64; QEMU's cores of it have no note that names a root. */
  @Override
  public Set<Integer> elfMachines() {
    return Set.of(183);
  }

  @Override
  public Map<MmuFeature, String> notModelled(MmuVariant variant) {
    return Map.of(
        MmuFeature.PROTECTION_KEYS,
        "permission overlays (FEAT_S1POE) came with Linux 6.12, and QEMU 7.2 has no CPU to judge them");
  }

  /**
   * TTBR1's half is the kernel's: Linux {@code arch/arm64/include/asm/memory.h}. The linear map
   * comes first and ends where it does with addresses of 47 or 48 bits; then 2 GiB of modules, then
   * vmalloc up to vmemmap ({@code VMALLOC_END} in {@code pgtable.h}), of 64 bytes for each page of
   * the linear map.
   */
  private static VaLayout layout(int pageShift, int vaBits) {
    VaLayout split = VaLayout.split(vaBits, vaBits);
    int bitsAtLeast = vaBits <= 48 ? vaBits : pageShift == 14 ? 47 : 48;
    long first = -(1L << vaBits);
    long linearEnd = -(1L << (bitsAtLeast - 1));
    long vmemmapBytes = ((linearEnd - first) >>> pageShift) * 64;
    KernelAreas areas =
        KernelAreas.of(
            split.regions().getLast(),
            first,
            linearEnd - 1,
            linearEnd + (2L << 30),
            -(1L << 30) - vmemmapBytes - (8L << 20) - 1);
    return split.withKernelHalf(new KernelHalf.OwnRoot(areas));
  }

  private static MmuVariant variant(String id, int vaBits, Arm64Output output, String levels) {
    return variant(id, vaBits, output, levels, Arm64Marks.BY_HARDWARE);
  }

  /** The same tables on a CPU that leaves accessed and dirty to software. */
  private static MmuVariant noAfdbm(String id, int vaBits, Arm64Output output, String levels) {
    return variant(id, vaBits, output, levels, Arm64Marks.BY_SOFTWARE);
  }

  private static MmuVariant variant(
      String id, int vaBits, Arm64Output output, String levels, Arm64Marks marks) {
    EnumSet<MmuFeature> features =
        EnumSet.of(
            MmuFeature.ASID,
            MmuFeature.HIERARCHICAL_RIGHTS,
            MmuFeature.BREAK_BEFORE_MAKE,
            MmuFeature.BROADCAST_TLBI,
            MmuFeature.ROOT_RELOAD);
    features.addAll(marks.features());
    PagingGeometry geometry =
        PagingGeometry.of(
            output.pageShift(),
            layout(output.pageShift(), vaBits),
            output.paBits(),
            ByteOrder.LITTLE_ENDIAN,
            8,
            levels);
    Arm64PteFormat format = Arm64PteFormat.of(geometry, output, marks);
    return new MmuVariant(
        id,
        geometry,
        features,
        format,
        new Arm64TlbRules(format),
        format.runs(),
        SegmentMap.NONE,
        new Arm64Roots(vaBits, output, marks));
  }
}
