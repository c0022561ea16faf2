package org.mmport.arch.x86;

import static org.mmport.spi.MmuFeature.HIERARCHICAL_RIGHTS;
import static org.mmport.spi.MmuFeature.HW_ACCESSED;
import static org.mmport.spi.MmuFeature.HW_DIRTY;
import static org.mmport.spi.MmuFeature.ROOT_ENTRIES_CACHED;
import static org.mmport.spi.MmuFeature.ROOT_RELOAD;

import com.google.auto.service.AutoService;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;
import org.mmport.spi.Architecture;
import org.mmport.spi.CpuNote;
import org.mmport.spi.KernelHalf.Upkeep;
import org.mmport.spi.ListedArchitecture;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.VaLayout;

/**
 * The port of 32-bit x86. PAE: a root of 4 entries in 32 bytes, entries of 8 bytes that are stored
 * as two halves; Linux {@code arch/x86/include/asm/pgtable-3level_types.h}. Two levels: entries of
 * 4 bytes, leaves of 4 MiB that reach 40 bits (PSE-36); {@code pgtable-2level_types.h}, Intel SDM
 * volume 3A, section 4.3.
 */
@AutoService(Architecture.class)
public final class X86Architecture extends ListedArchitecture {
  /**
   * 3 GiB for processes ({@code VMSPLIT_3G}), 896 MiB of lowmem, and behind a hole of 8 MiB what is
   * vmalloc's; its end, {@code PKMAP_BASE}, depends on the number of CPUs and is not before this
   * one: {@code pgtable_32_areas.h}.
   */
  private static final String KERNEL =
      "kernel c0000000-ffffffff linear c0000000-f7ffffff vmalloc f8800000-febfffff";

  /**
   * One table below the kernel's root entry, which all have: {@code SHARED_KERNEL_PMD}, as long as
   * the tables of user code are not isolated. Later kernels copy its entries instead ({@code
   * arch_sync_kernel_mappings()}).
   */
  private static final PagingGeometry PAE =
      geometry(Upkeep.PREALLOCATED, 52, 8, "PGD:2 PMD:9+ PTE:9+");

  /** Entries of the last quarter of the root come and go: {@code vmalloc_sync_one()}. */
  private static final PagingGeometry TWO_LEVEL =
      geometry(Upkeep.PROPAGATED, 32, 4, "PGD:10+40 PTE:10+");

  private static final PteFormat PAE_FORMAT = X86PteFormat.of(PAE, "pae");
  private static final PteFormat TWO_LEVEL_FORMAT = X86PteFormat.of(TWO_LEVEL, "2level");

  private static final List<MmuVariant> VARIANTS =
      List.of(
          new MmuVariant(
              "x86/pae",
              PAE,
              Set.of(HW_ACCESSED, HW_DIRTY, HIERARCHICAL_RIGHTS, ROOT_ENTRIES_CACHED, ROOT_RELOAD),
              PAE_FORMAT,
              X86TlbRules.pae(PAE_FORMAT),
              X86Roots.of("pae")),
          new MmuVariant(
              "x86/2level",
              TWO_LEVEL,
              Set.of(HW_ACCESSED, HW_DIRTY, HIERARCHICAL_RIGHTS, ROOT_RELOAD),
              TWO_LEVEL_FORMAT,
              X86TlbRules.of(TWO_LEVEL_FORMAT),
              X86Roots.of("2level")));

  private static PagingGeometry geometry(Upkeep upkeep, int paBits, int bytes, String levels) {
    VaLayout layout = VaLayout.zeroExtended(32).withCopiedKernel(upkeep, KERNEL);
    return PagingGeometry.of(12, layout, paBits, ByteOrder.LITTLE_ENDIAN, bytes, levels)
        .storedBy(4);
  }

  /** {@code QEMUCPUState}, QEMU's target/i386/arch_dump.c; 3 is EM_386. */
  public X86Architecture() {
    super(VARIANTS, CpuNote.of(3, "QEMU", 8, "cr0@392 cr2@408 cr3@416 cr4@424"));
  }
}
