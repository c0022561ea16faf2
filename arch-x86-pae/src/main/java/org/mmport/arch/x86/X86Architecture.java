package org.mmport.arch.x86;

import com.google.auto.service.AutoService;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;
import org.mmport.spi.Architecture;
import org.mmport.spi.CpuNote;
import org.mmport.spi.KernelAreas;
import org.mmport.spi.KernelHalf;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaLayout;
import org.mmport.spi.VaRegion;

/**
 * The port of 32-bit x86. PAE: a root of 4 entries in 32 bytes, entries of 8 bytes that are stored
 * as two halves; Linux {@code arch/x86/include/asm/pgtable-3level_types.h}. Two levels: entries of
 * 4 bytes, leaves of 4 MiB that reach 40 bits (PSE-36); {@code pgtable-2level_types.h}, Intel SDM
 * volume 3A, section 4.3.
 */
@AutoService(Architecture.class)
public final class X86Architecture implements Architecture {
  /**
   * 3 GiB for processes ({@code VMSPLIT_3G}), 896 MiB of lowmem, and behind a hole of 8 MiB what is
   * vmalloc's; its end, {@code PKMAP_BASE}, depends on the number of CPUs and is not before this
   * one: {@code pgtable_32_areas.h}.
   */
  private static final KernelAreas KERNEL =
      KernelAreas.of(
          new VaRegion("kernel", 0xc000_0000L, 0xffff_ffffL, 0),
          0xc000_0000L,
          0xf7ff_ffffL,
          0xf880_0000L,
          0xfebf_ffffL);

  /**
   * One table below the kernel's root entry, which all have: {@code SHARED_KERNEL_PMD}, as long as
   * the tables of user code are not isolated. Later kernels copy its entries instead ({@code
   * arch_sync_kernel_mappings()}).
   */
  private static final VaLayout PAE_LAYOUT = layout(KernelHalf.Upkeep.PREALLOCATED);

  /** Entries of the last quarter of the root come and go: {@code vmalloc_sync_one()}. */
  private static final VaLayout TWO_LEVEL_LAYOUT = layout(KernelHalf.Upkeep.PROPAGATED);

  private static final PagingGeometry PAE =
      new PagingGeometry(
          12,
          PAE_LAYOUT,
          52,
          ByteOrder.LITTLE_ENDIAN,
          8,
          4,
          PagingGeometry.levels(8, "PGD:2 PMD:9+ PTE:9+"));

  private static final PagingGeometry TWO_LEVEL =
      new PagingGeometry(
          12,
          TWO_LEVEL_LAYOUT,
          32,
          ByteOrder.LITTLE_ENDIAN,
          4,
          4,
          PagingGeometry.levels(
              LevelGeometry.of(Level.PGD, 10, 4, true).withLeafPaBits(40),
              LevelGeometry.of(Level.PTE, 10, 4, true)));

  private static final List<MmuVariant> VARIANTS =
      List.of(
          new MmuVariant(
              "x86/pae",
              PAE,
              Set.of(
                  MmuFeature.HW_ACCESSED,
                  MmuFeature.HW_DIRTY,
                  MmuFeature.HIERARCHICAL_RIGHTS,
                  MmuFeature.ROOT_ENTRIES_CACHED,
                  MmuFeature.ROOT_RELOAD),
              X86PteFormat.Pae.INSTANCE,
              X86TlbRules.PAE,
              new X86Roots(true, 0xffff_ffe0L)),
          new MmuVariant(
              "x86/2level",
              TWO_LEVEL,
              Set.of(
                  MmuFeature.HW_ACCESSED,
                  MmuFeature.HW_DIRTY,
                  MmuFeature.HIERARCHICAL_RIGHTS,
                  MmuFeature.ROOT_RELOAD),
              X86PteFormat.TwoLevel.INSTANCE,
              X86TlbRules.TWO_LEVEL,
              new X86Roots(false, 0xffff_f000L)));

  private static VaLayout layout(KernelHalf.Upkeep upkeep) {
    return VaLayout.zeroExtended(32)
        .withKernelHalf(new KernelHalf.CopiedRootEntries(KERNEL, upkeep));
  }

  @Override
  public String name() {
    return "x86";
  }

  @Override
  public List<MmuVariant> variants() {
    return VARIANTS;
  }

  /** {@code QEMUCPUState}, QEMU's target/i386/arch_dump.c; 3 is EM_386. */
  @Override
  public List<CpuNote> cpuNotes() {
    return List.of(CpuNote.of(3, "QEMU", 8, "cr0@392 cr2@408 cr3@416 cr4@424"));
  }
}
