package org.mmport.pgtable;

import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.RootLookup;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;
import org.mmport.spi.VaLayout;

/** Geometries that no port here has, each with what a reader who shares no code must know of it. */
record FakeVariants(MmuVariant variant, List<Integer> shifts, List<Integer> indexBits) {
  /**
   * Flushes what was valid; walk caches too where a table goes; break-before-make between table and
   * leaf.
   */
  private static final TlbRules RULES =
      (oldRaw, newRaw, level) -> {
        if ((oldRaw & PlainFormat.VALID) == 0) {
          return TlbDuty.NONE;
        }
        boolean wasLeaf = level == Level.PTE || (oldRaw & PlainFormat.LEAF) != 0;
        boolean isLeaf = level == Level.PTE || (newRaw & PlainFormat.LEAF) != 0;
        if (wasLeaf && !isLeaf && (newRaw & PlainFormat.VALID) != 0) {
          return TlbDuty.BREAK_LEAF_BEFORE_MAKE;
        }
        return wasLeaf ? TlbDuty.FLUSH_LEAF : TlbDuty.FLUSH_WALK_CACHES;
      };

  static List<FakeVariants> all() {
    ByteOrder big = ByteOrder.BIG_ENDIAN;
    ByteOrder little = ByteOrder.LITTLE_ENDIAN;
    return List.of(
        make(
            "fake/one-level",
            12,
            VaLayout.zeroExtended(21),
            little,
            8,
            8,
            0,
            List.of(0, 0, 0, 0, 9),
            ""),
        make(
            "fake/seven-bit",
            12,
            VaLayout.signExtended(47),
            little,
            8,
            8,
            0,
            List.of(7, 7, 7, 7, 7),
            "DM"),
        make(
            "fake/be-4-byte",
            12,
            VaLayout.zeroExtended(32),
            big,
            4,
            4,
            0,
            List.of(0, 0, 0, 10, 10),
            "M"),
        make(
            "fake/pae-like",
            12,
            VaLayout.zeroExtended(32),
            little,
            8,
            4,
            0,
            List.of(2, 0, 0, 9, 9),
            "M"),
        make(
            "fake/64k-root",
            12,
            VaLayout.split(43, 43),
            big,
            8,
            8,
            0,
            List.of(13, 0, 0, 9, 9),
            "M"),
        make(
            "fake/1k-middle",
            12,
            VaLayout.zeroExtended(44),
            big,
            8,
            8,
            0,
            List.of(9, 0, 7, 7, 9),
            "DM"),
        make(
            "fake/five-level",
            12,
            VaLayout.signExtended(57),
            little,
            8,
            8,
            0,
            List.of(9, 9, 9, 9, 9),
            "DM"),
        make(
            "fake/none-is-512",
            12,
            VaLayout.signExtended(39),
            little,
            8,
            8,
            512,
            List.of(9, 0, 0, 9, 9),
            "M"),
        make(
            "fake/64k-pages",
            16,
            VaLayout.split(48, 48),
            little,
            8,
            8,
            0,
            List.of(6, 0, 0, 13, 13),
            "M"));
  }

  private static FakeVariants make(
      String id,
      int pageShift,
      VaLayout layout,
      ByteOrder order,
      int entryBytes,
      int storeBytes,
      long empty,
      List<Integer> indexBits,
      String leaves) {
    LevelGeometry[] levels = new LevelGeometry[5];
    Integer[] shifts = new Integer[5];
    int shift = pageShift;
    for (int i = 4; i >= 0; i--) {
      Level level = Level.values()[i];
      boolean leaf = level == Level.PTE || (level == Level.PMD && leaves.contains("M"));
      leaf |= level == Level.PUD && leaves.contains("D");
      levels[i] =
          indexBits.get(i) == 0
              ? LevelGeometry.folded(level)
              : LevelGeometry.of(level, indexBits.get(i), entryBytes, leaf);
      shifts[i] = shift;
      shift += indexBits.get(i);
    }
    int paBits = entryBytes == 4 ? 32 : 52;
    PagingGeometry geometry =
        new PagingGeometry(
            pageShift, layout, paBits, order, entryBytes, storeBytes, List.of(levels));
    MmuVariant variant =
        new MmuVariant(
            id,
            geometry,
            Set.of(),
            new PlainFormat(entryBytes, pageShift, empty),
            RULES,
            registers -> new RootLookup.NotSelected("a fake has no registers"));
    return new FakeVariants(variant, List.of(shifts), indexBits);
  }

  @Override
  public String toString() {
    return variant.id();
  }
}
