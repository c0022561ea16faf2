package org.mmport.arch.x64;

import java.nio.ByteOrder;
import java.util.List;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaLayout;

/** Levels of 512 entries: Linux {@code arch/x86/include/asm/pgtable_64_types.h}. */
final class X64Geometry {
  private static final LevelGeometry PGD = LevelGeometry.of(Level.PGD, 9, 8, false);
  private static final LevelGeometry P4D = LevelGeometry.of(Level.P4D, 9, 8, false);
  private static final LevelGeometry PUD = LevelGeometry.of(Level.PUD, 9, 8, true);
  private static final LevelGeometry PMD = LevelGeometry.of(Level.PMD, 9, 8, true);
  private static final LevelGeometry PTE = LevelGeometry.of(Level.PTE, 9, 8, true);

  static final PagingGeometry FOUR_LEVEL = of(48, PagingGeometry.levels(PGD, PUD, PMD, PTE));
  static final PagingGeometry LA57 = of(57, PagingGeometry.levels(PGD, P4D, PUD, PMD, PTE));

  private X64Geometry() {}

  private static PagingGeometry of(int vaBits, List<LevelGeometry> levels) {
    VaLayout canonical = VaLayout.signExtended(vaBits);
    return new PagingGeometry(12, canonical, 52, ByteOrder.LITTLE_ENDIAN, 8, 8, levels);
  }
}
