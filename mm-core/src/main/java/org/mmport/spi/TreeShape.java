package org.mmport.spi;

import java.util.stream.LongStream;

/**
 * What a tree in memory looks like to one that does not know yet whether it is of a variant.
 *
 * @param geometry the variant's, with entries of 8 bytes
 * @param format the variant's
 */
public record TreeShape(PagingGeometry geometry, PteFormat format) {
  /** Entries followed in each table: all tables of a tree are alike, and garbage must end. */
  private static final int FOLLOWED = 16;

  /** Whether the first entries lead to a leaf of physical address 0 below the root. */
  public boolean mapsFirstPageToZero(MemoryView memory, long root) {
    Level level = geometry.rootLevel();
    long raw = load(memory, root);
    while (!format.bad(raw, level)) {
      raw = load(memory, format.tableAddr(raw, level));
      level = geometry.nextReal(level);
    }
    return level != geometry.rootLevel()
        && format.valid(raw, level)
        && format.leaf(raw, level)
        && format.physAddr(raw, level) == 0;
  }

  /**
   * In what tables are of another size than the variant's, in a few words; empty where those that
   * are looked at are as large.
   */
  public String unlike(MemoryView memory, long root) {
    return unlike(memory, root, geometry.rootLevel());
  }

  private String unlike(MemoryView memory, long table, Level level) {
    long field = format.bits().tableBits();
    Level next = geometry.nextReal(level);
    long[] tables =
        LongStream.range(0, geometry.at(level).entries())
            .map(i -> load(memory, table + Long.BYTES * i))
            .filter(raw -> !format.bad(raw, level))
            .limit(FOLLOWED)
            .toArray();
    for (long raw : tables) {
      String unlike = "";
      if (((raw & field) ^ format.layout().next().at(level)) != 0) {
        unlike = "its %s tables have %d index bits".formatted(next, Long.compress(raw, field));
      } else if (next != Level.PTE) {
        unlike = unlike(memory, format.tableAddr(raw, level), next);
      }
      if (!unlike.isEmpty()) {
        return unlike;
      }
    }
    return "";
  }

  /** The 8 bytes of an entry; 0 where there is no memory. */
  long load(MemoryView memory, long physAddr) {
    return memory.load(physAddr, geometry.byteOrder()).orElse(0);
  }
}
