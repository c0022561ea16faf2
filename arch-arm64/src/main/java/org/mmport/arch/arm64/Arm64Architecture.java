package org.mmport.arch.arm64;

import static org.mmport.spi.MmuFeature.ASID;
import static org.mmport.spi.MmuFeature.BREAK_BEFORE_MAKE;
import static org.mmport.spi.MmuFeature.BROADCAST_TLBI;
import static org.mmport.spi.MmuFeature.HIERARCHICAL_RIGHTS;
import static org.mmport.spi.MmuFeature.HW_ACCESSED;
import static org.mmport.spi.MmuFeature.HW_DIRTY;
import static org.mmport.spi.MmuFeature.PROTECTION_KEYS;
import static org.mmport.spi.MmuFeature.ROOT_RELOAD;

import com.google.auto.service.AutoService;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.mmport.spi.Architecture;
import org.mmport.spi.ContiguousRuns;
import org.mmport.spi.ListedArchitecture;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.RootFinder;
import org.mmport.spi.VaLayout;

/**
 * The arm64 port. Every table but the root is a granule; the root is as small as its entries: Linux
 * {@code arch/arm64/include/asm/pgtable-hwdef.h}, {@code ARM64_HW_PGTABLE_LEVELS}. Blocks at the
 * level above PTE, and of 1 GiB with 4 KiB pages.
 */
@AutoService(Architecture.class)
public final class Arm64Architecture extends ListedArchitecture {
  private static final Granule K4 = new Granule(12, 0, 2, 16, 16);
  private static final Granule K16 = new Granule(14, 2, 1, 128, 32);
  private static final Granule K64 = new Granule(16, 1, 3, 32, 32);

  /** Who keeps AF and the dirty state: FEAT_HAFDBS, TCR_EL1.HA and HD; DDI 0487, D8.5. */
  private static final Set<MmuFeature> HARDWARE = Set.of(HW_ACCESSED, HW_DIRTY);

  private static final Set<MmuFeature> SOFTWARE = Set.of();

  private static final List<MmuVariant> VARIANTS =
      List.of(
          variant("4k-va39", K4, 39, 48, "PGD:9+ PMD:9+ PTE:9+", HARDWARE),
          variant("4k-va48", K4, 48, 48, "PGD:9 PUD:9+ PMD:9+ PTE:9+", HARDWARE),
          variant("4k-va52", K4, 52, 52, "PGD:4 P4D:9 PUD:9+ PMD:9+ PTE:9+", HARDWARE),
          variant("16k-va36", K16, 36, 48, "PGD:11+ PTE:11+", HARDWARE),
          variant("16k-va47", K16, 47, 48, "PGD:11 PMD:11+ PTE:11+", HARDWARE),
          variant("16k-va48", K16, 48, 48, "PGD:1 PUD:11 PMD:11+ PTE:11+", HARDWARE),
          variant("16k-va52", K16, 52, 52, "PGD:5 PUD:11 PMD:11+ PTE:11+", HARDWARE),
          variant("64k-va42", K64, 42, 52, "PGD:13+ PTE:13+", HARDWARE),
          variant("64k-va48", K64, 48, 52, "PGD:6 PMD:13+ PTE:13+", HARDWARE),
          variant("64k-va52", K64, 52, 52, "PGD:10 PMD:13+ PTE:13+", HARDWARE),
          variant("4k-va48-noafdbm", K4, 48, 48, "PGD:9 PUD:9+ PMD:9+ PTE:9+", SOFTWARE),
          variant("16k-va47-noafdbm", K16, 47, 48, "PGD:11 PMD:11+ PTE:11+", SOFTWARE),
          variant("64k-va48-noafdbm", K64, 48, 52, "PGD:6 PMD:13+ PTE:13+", SOFTWARE));

  /** EM_AARCH64; QEMU's cores of it have no note that names a root. */
  public Arm64Architecture() {
    super(VARIANTS, 183);
  }

  /**
   * TTBR1's half is the kernel's: Linux {@code arch/arm64/include/asm/memory.h}. The linear map
   * comes first and ends where it does with addresses of 47 or 48 bits; then 2 GiB of modules, then
   * vmalloc up to vmemmap ({@code VMALLOC_END} in {@code pgtable.h}), of 64 bytes for each page of
   * the linear map.
   */
  private static VaLayout layout(int pageShift, int vaBits) {
    int bitsAtLeast = vaBits <= 48 ? vaBits : pageShift == 14 ? 47 : 48;
    long modules = -(1L << (bitsAtLeast - 1));
    long vmemmap = -(1L << 30) - ((modules + (1L << vaBits)) >>> pageShift) * 64;
    return VaLayout.split(vaBits, modules, modules + (2L << 30), vmemmap - (8L << 20));
  }

  private static MmuVariant variant(
      String name, Granule granule, int vaBits, int paBits, String levels, Set<MmuFeature> marks) {
    Set<MmuFeature> features =
        EnumSet.of(ASID, HIERARCHICAL_RIGHTS, BREAK_BEFORE_MAKE, BROADCAST_TLBI, ROOT_RELOAD);
    features.addAll(marks);
    int shift = granule.pageShift();
    PagingGeometry geometry =
        PagingGeometry.of(shift, layout(shift, vaBits), paBits, ByteOrder.LITTLE_ENDIAN, 8, levels);
    // FEAT_LPA2 with TCR_EL1.DS: 52 bits of address in granules below 64K.
    String size = (1 << (shift - 10)) + (paBits == 52 && shift < 16 ? "k-lpa2" : "k");
    String who = marks.isEmpty() ? "noafdbm" : "afdbm";
    PteFormat format = Arm64PteFormat.of(geometry, size, who);
    RootFinder roots = Arm64Roots.of(geometry, granule, size, who);
    return new MmuVariant(
            "arm64/" + name, geometry, features, format, Arm64TlbRules.of(format), roots)
        .withBatchOps(ContiguousRuns.of(format, geometry, granule.contPtes(), granule.contPmds()))
        .leavingOut(
            PROTECTION_KEYS,
            "permission overlays (FEAT_S1POE) came with Linux 6.12, and QEMU 7.2 has no CPU to judge them");
  }
}
