package org.mmport.arch.x64;

import com.google.auto.service.AutoService;
import java.util.EnumSet;
import java.util.List;
import org.mmport.spi.Architecture;
import org.mmport.spi.CpuNote;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;

/** The x86_64 port. */
@AutoService(Architecture.class)
public final class X64Architecture implements Architecture {
  private static final List<MmuVariant> VARIANTS =
      List.of(
          variant("x86_64/4level", X64Geometry.FOUR_LEVEL, new X64Roots(4)),
          variant("x86_64/la57", X64Geometry.LA57, new X64Roots(5)));

  /** {@code QEMUCPUState}, QEMU's target/i386/arch_dump.c; 62 is EM_X86_64. */
  private static final CpuNote QEMU_NOTE =
      new CpuNote(
          62,
          "QEMU",
          0,
          List.of(
              new CpuNote.Field("cr0", 392, 8),
              new CpuNote.Field("cr2", 408, 8),
              new CpuNote.Field("cr3", 416, 8),
              new CpuNote.Field("cr4", 424, 8)));

  @Override
  public String name() {
    return "x86_64";
  }

  @Override
  public List<MmuVariant> variants() {
    return VARIANTS;
  }

  @Override
  public List<CpuNote> cpuNotes() {
    return List.of(QEMU_NOTE);
  }

  private static MmuVariant variant(String id, PagingGeometry geometry, X64Roots roots) {
    EnumSet<MmuFeature> features =
        EnumSet.of(
            MmuFeature.HW_ACCESSED,
            MmuFeature.HW_DIRTY,
            MmuFeature.NO_EXECUTE,
            MmuFeature.GLOBAL_PAGES,
            MmuFeature.ASID,
            MmuFeature.HIERARCHICAL_RIGHTS,
            MmuFeature.PTE_SPECIAL,
            MmuFeature.SOFT_DIRTY,
            MmuFeature.UFFD_WP,
            MmuFeature.PROTECTION_KEYS,
            MmuFeature.ROOT_RELOAD);
    X64PteFormat format = X64PteFormat.INSTANCE;
    return new MmuVariant(id, geometry, features, format, new X64TlbRules(), roots);
  }
}
