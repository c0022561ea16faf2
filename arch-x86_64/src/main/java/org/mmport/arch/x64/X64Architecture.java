package org.mmport.arch.x64;

import com.google.auto.service.AutoService;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.mmport.spi.Architecture;
import org.mmport.spi.CpuNote;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaLayout;

/**
 * The x86_64 port. Levels of 512 entries: Linux {@code arch/x86/include/asm/pgtable_64_types.h}.
 */
@AutoService(Architecture.class)
public final class X64Architecture implements Architecture {
  private static final List<MmuVariant> VARIANTS =
      List.of(
          variant("x86_64/4level", 48, 4, "PGD:9 PUD:9+ PMD:9+ PTE:9+"),
          variant("x86_64/la57", 57, 5, "PGD:9 P4D:9 PUD:9+ PMD:9+ PTE:9+"));

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
    VaLayout canonical = VaLayout.signExtended(vaBits);
    PagingGeometry geometry =
        PagingGeometry.of(12, canonical, 52, ByteOrder.LITTLE_ENDIAN, 8, levels);
    X64PteFormat format = X64PteFormat.INSTANCE;
    return new MmuVariant(
        id, geometry, features, format, X64TlbRules.INSTANCE, new X64Roots(walked));
  }
}
