package org.mmport.conformance;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.mmport.spi.ContiguousRuns;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.RootLookup;
import org.mmport.spi.VaLayout;

/** Geometries that no port here has, as whole variants. */
final class FakeVariants {
  private static final ByteOrder BIG = ByteOrder.BIG_ENDIAN;
  private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

  private FakeVariants() {}

  static List<MmuVariant> all() {
    return List.of(
        oneLevel(),
        make(
            "fake/two-level-be4",
            VaLayout.zeroExtended(32),
            12,
            BIG,
            4,
            4,
            0,
            bits(10, 0, 0, 0, 10),
            "PGD"),
        make(
            "fake/seven-bit",
            VaLayout.signExtended(47),
            12,
            LITTLE,
            8,
            8,
            0,
            bits(7, 7, 7, 7, 7),
            "PUD PMD"),
        rootOf32Bytes(),
        make(
            "fake/64k-root",
            VaLayout.zeroExtended(52),
            12,
            BIG,
            8,
            8,
            0,
            bits(13, 0, 9, 9, 9),
            "PUD PMD"),
        make(
            "fake/1k-middle",
            VaLayout.zeroExtended(44),
            12,
            BIG,
            8,
            8,
            0,
            bits(9, 0, 7, 7, 9),
            "PMD"),
        fiveLevel(),
        noneIsNotZero(),
        twoRoots(),
        napot());
  }

  static MmuVariant oneLevel() {
    return make(
        "fake/one-level", VaLayout.zeroExtended(21), 12, LITTLE, 8, 8, 0, bits(0, 0, 0, 0, 9), "");
  }

  /** Like PAE: a root of four entries, kept in the CPU, and entries stored in halves. */
  static MmuVariant rootOf32Bytes() {
    return make(
        "fake/32-byte-root",
        VaLayout.zeroExtended(32),
        12,
        LITTLE,
        8,
        4,
        0,
        bits(2, 0, 0, 9, 9),
        "PMD",
        MmuFeature.ROOT_ENTRIES_CACHED);
  }

  static MmuVariant fiveLevel() {
    return make(
        "fake/five-level",
        VaLayout.signExtended(57),
        12,
        LITTLE,
        8,
        8,
        0,
        bits(9, 9, 9, 9, 9),
        "PUD PMD",
        MmuFeature.BREAK_BEFORE_MAKE);
  }

  static MmuVariant noneIsNotZero() {
    return make(
        "fake/none-is-not-zero",
        VaLayout.signExtended(39),
        12,
        LITTLE,
        8,
        8,
        FakeFormat.NONE_MARK,
        bits(9, 0, 0, 9, 9),
        "PMD");
  }

  /**
   * Runs as RISC-V's Svnapot has them: 16 pages, at the last level only, in entries that say by a
   * bit that they are one of a run, and beside it of how many (1000b is 16 there too). Unlike there
   * each keeps its own frame. Nothing need be broken before it is made, so what is done of that is
   * the layer's own.
   */
  static MmuVariant napot() {
    MmuVariant plain =
        make(
            "fake/napot",
            VaLayout.signExtended(48),
            12,
            LITTLE,
            8,
            8,
            0,
            bits(9, 0, 9, 9, 9),
            "PUD PMD");
    long inRun = 1L << 62 | 0b1000L << 58;
    FakeFormat format = new FakeFormat(plain.geometry(), 0, inRun);
    return plain
        .withFormat(format)
        .withTlbRules(new FakeTlbRules(format, plain.geometry().rootLevel(), plain.features()))
        .withBatchOps(new ContiguousRuns(inRun, 16, Level.PMD, 1));
  }

  /** Two roots, and pages of 64 KiB. */
  static MmuVariant twoRoots() {
    return make(
        "fake/two-roots",
        VaLayout.split(42, 42),
        16,
        LITTLE,
        8,
        8,
        0,
        bits(6, 0, 0, 10, 10),
        "PMD",
        MmuFeature.BREAK_BEFORE_MAKE);
  }

  private static List<Integer> bits(Integer... bits) {
    return List.of(bits);
  }

  private static MmuVariant make(
      String id,
      VaLayout layout,
      int pageShift,
      ByteOrder order,
      int entryBytes,
      int storeBytes,
      long empty,
      List<Integer> indexBits,
      String leafLevels,
      MmuFeature... more) {
    List<LevelGeometry> levels = new ArrayList<>();
    for (Level level : Level.values()) {
      int bits = indexBits.get(level.ordinal());
      boolean leaf = level == Level.PTE || leafLevels.contains(level.name());
      levels.add(
          bits == 0
              ? LevelGeometry.folded(level)
              : LevelGeometry.of(level, bits, entryBytes, leaf));
    }
    PagingGeometry geometry =
        new PagingGeometry(
            pageShift, layout, entryBytes == 4 ? 32 : 52, order, entryBytes, storeBytes, levels);
    FakeFormat format = new FakeFormat(geometry, empty);
    Set<MmuFeature> features = EnumSet.copyOf(FakeFormat.features(geometry));
    features.addAll(Arrays.asList(more));
    return new MmuVariant(
        id,
        geometry,
        features,
        format,
        new FakeTlbRules(format, geometry.rootLevel(), features),
        registers -> new RootLookup.NotSelected("a fake has no registers"));
  }
}
