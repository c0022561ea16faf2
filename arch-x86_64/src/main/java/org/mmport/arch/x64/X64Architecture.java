package org.mmport.arch.x64;

import static org.mmport.spi.MmuFeature.ASID;
import static org.mmport.spi.MmuFeature.BROADCAST_TLBI;
import static org.mmport.spi.MmuFeature.HIERARCHICAL_RIGHTS;
import static org.mmport.spi.MmuFeature.HW_ACCESSED;
import static org.mmport.spi.MmuFeature.HW_DIRTY;
import static org.mmport.spi.MmuFeature.ROOT_RELOAD;

import com.google.auto.service.AutoService;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;
import org.mmport.spi.Architecture;
import org.mmport.spi.CpuNote;
import org.mmport.spi.KernelHalf.Upkeep;
import org.mmport.spi.ListedArchitecture;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.RootFinder;
import org.mmport.spi.VaLayout;

/**
 * The x86_64 port. Levels of 512 entries: Linux {@code arch/x86/include/asm/pgtable_64_types.h}.
 * The kernel's half: Linux {@code Documentation/arch/x86/x86_64/mm.rst}, and {@code
 * preallocate_vmalloc_pages()} in {@code arch/x86/mm/init_64.c}.
 */
@AutoService(Architecture.class)
public final class X64Architecture extends ListedArchitecture {
  /** 2^46 bytes of linear map and 2^45 of vmalloc, or 2^55 and 12800 times 2^40. */
  private static final List<MmuVariant> VARIANTS =
      List.of(
          variant(
              "4level",
              48,
              "PGD:9 PUD:9+ PMD:9+ PTE:9+",
              "linear ffff888000000000-ffffc87fffffffff vmalloc ffffc90000000000-ffffe8ffffffffff"),
          variant(
              "la57",
              57,
              "PGD:9 P4D:9 PUD:9+ PMD:9+ PTE:9+",
              "linear ff11000000000000-ff90ffffffffffff vmalloc ffa0000000000000-ffd1ffffffffffff"));

  /** {@code QEMUCPUState}, QEMU's target/i386/arch_dump.c; 62 is EM_X86_64. */
  public X64Architecture() {
    super(VARIANTS, CpuNote.of(62, "QEMU", 8, "cr0@392 cr2@408 cr3@416 cr4@424"));
  }

  private static MmuVariant variant(String name, int vaBits, String levels, String kernel) {
    VaLayout layout = VaLayout.signExtended(vaBits).withCopiedKernel(Upkeep.PREALLOCATED, kernel);
    PagingGeometry geometry = PagingGeometry.of(12, layout, 52, ByteOrder.LITTLE_ENDIAN, 8, levels);
    Set<MmuFeature> features =
        Set.of(HW_ACCESSED, HW_DIRTY, ASID, HIERARCHICAL_RIGHTS, ROOT_RELOAD);
    X64PteFormat format = X64PteFormat.of(geometry);
    RootFinder roots = X64Roots.of(name);
    String id = "x86_64/" + name;
    return new MmuVariant(id, geometry, features, format, X64TlbRules.of(format), roots)
        .leavingOut(
            BROADCAST_TLBI,
            "INVLPGB is AMD's alone; a variant serves all CPUs, so the others are reached by interrupt");
  }
}
