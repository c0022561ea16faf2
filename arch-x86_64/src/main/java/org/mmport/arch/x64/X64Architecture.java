package org.mmport.arch.x64;

import com.google.auto.service.AutoService;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.mmport.spi.Architecture;
import org.mmport.spi.CpuNote;
import org.mmport.spi.KernelAreas;
import org.mmport.spi.KernelHalf;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaLayout;
import org.mmport.spi.VaRegion;

/**
 * The x86_64 port. Levels of 512 entries: Linux {@code arch/x86/include/asm/pgtable_64_types.h}.
 * The kernel's half: Linux {@code Documentation/arch/x86/x86_64/mm.rst}, and {@code
 * preallocate_vmalloc_pages()} in {@code arch/x86/mm/init_64.c}.
 */
@AutoService(Architecture.class)
public final class X64Architecture implements Architecture {
  private static final List<MmuVariant> VARIANTS =
      List.of(
          variant("x86_64/4level", 48, 4, "PGD:9 PUD:9+ PMD:9+ PTE:9+"),
          variant("x86_64/la57", 57, 5, "PGD:9 P4D:9 PUD:9+ PMD:9+ PTE:9+"));

  /** 2^46 bytes of linear map and 2^45 of vmalloc, or 2^55 and 12800 times 2^40. */
  private static VaLayout layout(int vaBits) {
    VaLayout canonical = VaLayout.signExtended(vaBits);
    VaRegion high = canonical.regions().getLast();
    KernelAreas areas =
        vaBits == 48
            ? KernelAreas.of(
                high,
                0xffff_8880_0000_0000L,
                0xffff_c87f_ffff_ffffL,
                0xffff_c900_0000_0000L,
                0xffff_e8ff_ffff_ffffL)
            : KernelAreas.of(
                high,
                0xff11_0000_0000_0000L,
                0xff90_ffff_ffff_ffffL,
                0xffa0_0000_0000_0000L,
                0xffd1_ffff_ffff_ffffL);
    return canonical.withKernelHalf(
        new KernelHalf.CopiedRootEntries(areas, KernelHalf.Upkeep.PREALLOCATED));
  }

  @Override
  public String name() {
    return "x86_64";
  }

  @Override
  public List<MmuVariant> variants() {
    return VARIANTS;
  }

  /** {@code QEMUCPUState}, QEMU's target/i386/arch_dump.c; 62 is EM_X86_64. */
  @Override
  public List<CpuNote> cpuNotes() {
    return List.of(CpuNote.of(62, "QEMU", 8, "cr0@392 cr2@408 cr3@416 cr4@424"));
  }

  @Override
  public Map<MmuFeature, String> notModelled(MmuVariant variant) {
    return Map.of(
        MmuFeature.BROADCAST_TLBI,
        "INVLPGB is AMD's alone; a variant serves all CPUs, so the others are reached by interrupt");
  }

  private static MmuVariant variant(String id, int vaBits, int walked, String levels) {
    Set<MmuFeature> features =
        Set.of(
            MmuFeature.HW_ACCESSED,
            MmuFeature.HW_DIRTY,
            MmuFeature.ASID,
            MmuFeature.HIERARCHICAL_RIGHTS,
            MmuFeature.ROOT_RELOAD);
    PagingGeometry geometry =
        PagingGeometry.of(12, layout(vaBits), 52, ByteOrder.LITTLE_ENDIAN, 8, levels);
    X64PteFormat format = X64PteFormat.INSTANCE;
    return new MmuVariant(
        id, geometry, features, format, X64TlbRules.INSTANCE, new X64Roots(walked));
  }
}
