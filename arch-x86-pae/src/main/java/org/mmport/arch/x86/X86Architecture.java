package org.mmport.arch.x86;

import com.google.auto.service.AutoService;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;
import org.mmport.spi.Architecture;
import org.mmport.spi.CpuNote;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaLayout;

/**
 * The port of 32-bit x86. PAE: a root of 4 entries in 32 bytes, entries of 8 bytes that are stored
 * as two halves; Linux {@code arch/x86/include/asm/pgtable-3level_types.h}. Two levels: entries of
 * 4 bytes, leaves of 4 MiB that reach 40 bits (PSE-36); {@code pgtable-2level_types.h}, Intel SDM
 * volume 3A, section 4.3.
 */
@AutoService(Architecture.class)
public final class X86Architecture implements Architecture {
  private static final VaLayout ALL = VaLayout.zeroExtended(32);

  private static final PagingGeometry PAE =
      new PagingGeometry(
          12,
          ALL,
          52,
          ByteOrder.LITTLE_ENDIAN,
          8,
          4,
          PagingGeometry.levels(8, "PGD:2 PMD:9+ PTE:9+"));

  private static final PagingGeometry TWO_LEVEL =
      new PagingGeometry(
          12,
          ALL,
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
