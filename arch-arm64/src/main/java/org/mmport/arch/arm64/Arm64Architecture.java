package org.mmport.arch.arm64;

import static org.mmport.arch.arm64.Arm64Marks.BY_HARDWARE;
import static org.mmport.arch.arm64.Arm64Marks.BY_SOFTWARE;
import static org.mmport.spi.MmuFeature.ASID;
import static org.mmport.spi.MmuFeature.BREAK_BEFORE_MAKE;
import static org.mmport.spi.MmuFeature.BROADCAST_TLBI;
import static org.mmport.spi.MmuFeature.HIERARCHICAL_RIGHTS;
import static org.mmport.spi.MmuFeature.PROTECTION_KEYS;
import static org.mmport.spi.MmuFeature.ROOT_RELOAD;

import com.google.auto.service.AutoService;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.mmport.spi.Architecture;
import org.mmport.spi.BatchOps;
import org.mmport.spi.ContiguousRuns;
import org.mmport.spi.KernelAreas;
import org.mmport.spi.KernelHalf;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.VaLayout;
import org.mmport.spi.VaRegion;

/**
 * The arm64 port. Every table but the root is a granule; the root is as small as its entries: Linux
 * {@code arch/arm64/include/asm/pgtable-hwdef.h}, {@code ARM64_HW_PGTABLE_LEVELS}. Blocks at the
 * level above PTE, and of 1 GiB with 4 KiB pages.
 */
@AutoService(Architecture.class)
public final class Arm64Architecture implements Architecture {
  private static final List<MmuVariant> VARIANTS =
      List.of(
          variant("arm64/4k-va39", 12, 39, 48, "PGD:9+ PMD:9+ PTE:9+", BY_HARDWARE),
          variant("arm64/4k-va48", 12, 48, 48, "PGD:9 PUD:9+ PMD:9+ PTE:9+", BY_HARDWARE),
          variant("arm64/4k-va52", 12, 52, 52, "PGD:4 P4D:9 PUD:9+ PMD:9+ PTE:9+", BY_HARDWARE),
          variant("arm64/16k-va36", 14, 36, 48, "PGD:11+ PTE:11+", BY_HARDWARE),
          variant("arm64/16k-va47", 14, 47, 48, "PGD:11 PMD:11+ PTE:11+", BY_HARDWARE),
          variant("arm64/16k-va48", 14, 48, 48, "PGD:1 PUD:11 PMD:11+ PTE:11+", BY_HARDWARE),
          variant("arm64/16k-va52", 14, 52, 52, "PGD:5 PUD:11 PMD:11+ PTE:11+", BY_HARDWARE),
          variant("arm64/64k-va42", 16, 42, 52, "PGD:13+ PTE:13+", BY_HARDWARE),
          variant("arm64/64k-va48", 16, 48, 52, "PGD:6 PMD:13+ PTE:13+", BY_HARDWARE),
          variant("arm64/64k-va52", 16, 52, 52, "PGD:10 PMD:13+ PTE:13+", BY_HARDWARE),
          variant("arm64/4k-va48-noafdbm", 12, 48, 48, "PGD:9 PUD:9+ PMD:9+ PTE:9+", BY_SOFTWARE),
          variant("arm64/16k-va47-noafdbm", 14, 47, 48, "PGD:11 PMD:11+ PTE:11+", BY_SOFTWARE),
          variant("arm64/64k-va48-noafdbm", 16, 48, 52, "PGD:6 PMD:13+ PTE:13+", BY_SOFTWARE));

  @Override
  public List<MmuVariant> variants() {
    return VARIANTS;
  }

  /** EM_AARCH64; QEMU's cores of it have no note that names a root. */
  @Override
  public Set<Integer> elfMachines() {
    return Set.of(183);
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
    long modules = -(1L << (bitsAtLeast - 1));
    long vmemmap = -(1L << 30) - ((modules - first) >>> pageShift) * 64;
    VaRegion all = split.regions().getLast();
    KernelAreas areas =
        KernelAreas.of(all, first, modules - 1, modules + (2L << 30), vmemmap - (8L << 20) - 1);
    return split.withKernelHalf(new KernelHalf.OwnRoot(areas));
  }

  /** CONT_PTES and CONT_PMDS: {@code CONFIG_ARM64_CONT_PTE_SHIFT}, arch/arm64/Kconfig. */
  private static BatchOps runs(PteFormat format, PagingGeometry geometry) {
    return switch (geometry.pageShift()) {
      case 12 -> ContiguousRuns.of(format, geometry, 16, 16);
      case 14 -> ContiguousRuns.of(format, geometry, 128, 32);
      default -> ContiguousRuns.of(format, geometry, 32, 32);
    };
  }

  private static MmuVariant variant(
      String id, int pageShift, int vaBits, int paBits, String levels, Arm64Marks marks) {
    Set<MmuFeature> features =
        EnumSet.of(ASID, HIERARCHICAL_RIGHTS, BREAK_BEFORE_MAKE, BROADCAST_TLBI, ROOT_RELOAD);
    features.addAll(marks.features());
    PagingGeometry geometry =
        PagingGeometry.of(
            pageShift, layout(pageShift, vaBits), paBits, ByteOrder.LITTLE_ENDIAN, 8, levels);
    Arm64PteFormat format = Arm64PteFormat.of(geometry, marks);
    Arm64TlbRules rules = Arm64TlbRules.of(format, Arm64Roots.lpa2(geometry));
    Arm64Roots roots = new Arm64Roots(geometry, marks);
    return new MmuVariant(id, geometry, features, format, rules, roots)
        .withBatchOps(runs(format, geometry))
        .leavingOut(
            PROTECTION_KEYS,
            "permission overlays (FEAT_S1POE) came with Linux 6.12, and QEMU 7.2 has no CPU to judge them");
  }
}
