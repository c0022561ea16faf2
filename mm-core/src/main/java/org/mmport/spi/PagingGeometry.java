package org.mmport.spi;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The shape of a variant's page tables. Everything that follows from other parts (shifts, spans,
 * table bytes) is derived, so that it cannot contradict them.
 *
 * @param pageShift log2 of the bytes that a PTE maps, 10 to 24
 * @param vaLayout which addresses translate, and through which root
 * @param paBits physical address bits that entries of pages and tables can hold, 20 to 64
 * @param byteOrder how an entry's bytes lie in memory
 * @param entryBytes 4 or 8
 * @param storeBytes widest store that memory sees as one, 4 or 8; below entryBytes an entry is
 *     stored in two halves
 * @param levels the five levels, PGD to PTE
 */
public record PagingGeometry(
    int pageShift,
    VaLayout vaLayout,
    int paBits,
    ByteOrder byteOrder,
    int entryBytes,
    int storeBytes,
    List<LevelGeometry> levels) {
  public PagingGeometry {
    levels = List.copyOf(levels);
    check(pageShift >= 10 && pageShift <= 24, "pageShift", pageShift, "must be 10 to 24");
    check(paBits >= 20 && paBits <= 64, "paBits", paBits, "must be 20 to 64");
    check(entryBytes == 4 || entryBytes == 8, "entryBytes", entryBytes, "must be 4 or 8");
    check(
        storeBytes == 4 || storeBytes == entryBytes,
        "storeBytes",
        storeBytes,
        "must be 4 or entryBytes");
    check(
        levels.size() == Level.values().length,
        "levels",
        levels.size(),
        "name all five, folded ones too");
    int bits = pageShift;
    for (Level level : Level.values()) {
      LevelGeometry geometry = levels.get(level.ordinal());
      check(
          geometry.level() == level,
          "levels[" + level.ordinal() + "]",
          geometry.level(),
          "must be " + level);
      bits += geometry.indexBits();
      long needed = geometry.isFolded() ? 0 : (long) entryBytes << geometry.indexBits();
      check(
          geometry.placement().sizeBytes() >= needed,
          level + " placement",
          geometry.placement().sizeBytes(),
          "must hold its " + needed + " bytes of entries");
    }
    check(
        !levels.get(Level.PTE.ordinal()).isFolded(),
        "PTE indexBits",
        0,
        "the last level cannot be folded");
    check(bits <= 64, "address bits", bits, "index bits and page shift must not exceed 64");
    for (VaRegion region : vaLayout.regions()) {
      long size = region.lastVa() - region.firstVa();
      check(
          bits == 64 || Long.compareUnsigned(size, 1L << bits) < 0,
          "VA region " + region.name(),
          Long.toHexString(region.firstVa()),
          "is wider than the " + bits + " bits that the levels translate");
    }
    if (vaLayout.kernelHalf().isPresent()) {
      int rootBits = 0;
      for (int i = 0; rootBits == 0; i++) {
        rootBits = levels.get(i).indexBits();
      }
      requireAligned(vaLayout.kernelHalf().get(), 1L << pageShift, 1L << (bits - rootBits));
    }
  }

  /** Pages are whole, and so are entries of a root that have copies. */
  private static void requireAligned(KernelHalf half, long pageBytes, long rootSpanBytes) {
    boolean copied = half instanceof KernelHalf.CopiedRootEntries;
    requireAligned(half.areas().all(), copied ? rootSpanBytes : pageBytes);
    requireAligned(half.areas().linearMap(), pageBytes);
    requireAligned(half.areas().vmalloc(), pageBytes);
  }

  private static void requireAligned(VaRegion area, long unit) {
    check(
        ((area.firstVa() | (area.lastVa() + 1)) & (unit - 1)) == 0,
        "kernel area",
        area,
        "must begin and end at a multiple of 0x%x".formatted(unit));
  }

  /** One whose entries are stored whole, with levels as {@link #levels(int, String)} reads them. */
  public static PagingGeometry of(
      int pageShift, VaLayout layout, int paBits, ByteOrder order, int entryBytes, String levels) {
    return new PagingGeometry(
        pageShift, layout, paBits, order, entryBytes, entryBytes, levels(entryBytes, levels));
  }

  /** The same where memory sees no wider stores, so that wider entries are stored in halves. */
  public PagingGeometry storedBy(int widestBytes) {
    return new PagingGeometry(
        pageShift, vaLayout, paBits, byteOrder, entryBytes, widestBytes, levels);
  }

  /** Real levels from the root down, each naturally placed; those not named are folded. */
  public static List<LevelGeometry> levels(LevelGeometry... real) {
    List<LevelGeometry> all = new ArrayList<>();
    for (Level level : Level.values()) {
      LevelGeometry chosen = LevelGeometry.folded(level);
      for (LevelGeometry one : real) {
        chosen = one.level() == level ? one : chosen;
      }
      all.add(chosen);
    }
    return all;
  }

  /**
   * Real levels from text, each naturally placed: {@code PGD:9 PUD:9+ PMD:9+ PTE:9+} names index
   * bits, and with a plus where leaves are allowed. {@code PMD:10+/16384} is a level whose tables
   * take so many bytes, because they keep something behind their entries; {@code PGD:10+40} is one
   * whose leaves hold 40 physical address bits, not as many as a page's.
   *
   * @throws InvalidRequestException for text that is not so made
   */
  public static List<LevelGeometry> levels(int entryBytes, String text) {
    List<LevelGeometry> real =
        Arrays.stream(text.split(" ", -1))
            .map(word -> LevelGeometry.parse(word, entryBytes))
            .toList();
    for (int i = 1; i < real.size(); i++) {
      if (real.get(i - 1).level().compareTo(real.get(i).level()) >= 0) {
        throw new InvalidRequestException(
            "levels '%s': %s comes after %s; name each once, from the root down"
                .formatted(text, real.get(i).level(), real.get(i - 1).level()));
      }
    }
    return levels(real.toArray(LevelGeometry[]::new));
  }

  /** The level's own part. */
  public LevelGeometry at(Level level) {
    return levels.get(level.ordinal());
  }

  /**
   * log2 of the bytes that one entry of the level spans. A folded level has the shift of the level
   * above.
   */
  public int shift(Level level) {
    int shift = pageShift;
    for (int i = Level.PTE.ordinal(); i > level.ordinal(); i--) {
      shift += levels.get(i).indexBits();
    }
    return shift;
  }

  /** Bytes that one entry of the level spans. */
  public long spanBytes(Level level) {
    return 1L << shift(level);
  }

  /** Address bits that the levels and the page offset translate together. */
  public int vaBits() {
    return shift(Level.PGD) + at(Level.PGD).indexBits();
  }

  /** The index of an address in a table of the level; 0 when folded. */
  public int index(Level level, long va) {
    return (int) (va >>> shift(level)) & (at(level).entries() - 1);
  }

  /**
   * Bytes of the entries of one table, 0 when folded: what Linux counts in {@code pgtables_bytes}.
   */
  public int tableBytes(Level level) {
    return at(level).isFolded() ? 0 : entryBytes << at(level).indexBits();
  }

  /** Physical address bits that a leaf of the level can hold. */
  public int paBits(Level level) {
    int own = at(level).leafPaBits();
    return own == 0 ? paBits : own;
  }

  /** The highest physical address that a leaf of the level can reach. */
  public long lastPhysAddr(Level level) {
    return paBits(level) >= 63 ? Long.MAX_VALUE : (1L << paBits(level)) - 1;
  }

  /** Bytes of the smallest page. */
  public long pageBytes() {
    return 1L << pageShift;
  }

  /** The first level that is not folded: the one whose table the root register points at. */
  public Level rootLevel() {
    for (LevelGeometry geometry : levels) {
      if (!geometry.isFolded()) {
        return geometry.level();
      }
    }
    throw new InvalidRequestException("geometry: every level is folded");
  }

  /** The next level below that is not folded. Refused for PTE. */
  public Level nextReal(Level level) {
    Level next = level.below();
    while (at(next).isFolded()) {
      next = next.below();
    }
    return next;
  }

  private static void check(boolean holds, String name, Object value, String rule) {
    if (!holds) {
      throw new InvalidRequestException("paging geometry " + name + "=" + value + ": " + rule);
    }
  }
}
