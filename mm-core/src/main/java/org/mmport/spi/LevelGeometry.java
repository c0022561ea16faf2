package org.mmport.spi;

/**
 * One level of a variant's tables.
 *
 * @param level which of the five
 * @param indexBits how many address bits index a table of this level, 0 to 16; 0 means folded
 * @param leafAllowed whether an entry of this level may map memory itself; always so at PTE
 * @param placement how a table of this level lies in memory
 * @param leafPaBits physical address bits that a leaf of this level can hold where they are not as
 *     many as a page's (x86: PSE-36); 0 where they are
 */
public record LevelGeometry(
    Level level, int indexBits, boolean leafAllowed, TablePlacement placement, int leafPaBits) {
  public LevelGeometry {
    if (indexBits < 0 || indexBits > 16) {
      throw new InvalidRequestException(
          level + " indexBits=" + indexBits + ": must be 0 (folded) to 16");
    }
    if (indexBits == 0 && leafAllowed) {
      throw new InvalidRequestException(
          level + ": a folded level has no entries, so no leaves; set leafAllowed=false");
    }
    if (level == Level.PTE && indexBits > 0 && !leafAllowed) {
      throw new InvalidRequestException(
          "PTE: entries of the last level are leaves; set leafAllowed=true");
    }
  }

  /** One whose leaves hold as many address bits as a page's entry. */
  public LevelGeometry(Level level, int indexBits, boolean leafAllowed, TablePlacement placement) {
    this(level, indexBits, leafAllowed, placement, 0);
  }

  /** The same with leaves that hold another number of physical address bits. */
  public LevelGeometry withLeafPaBits(int bits) {
    return new LevelGeometry(level, indexBits, leafAllowed, placement, bits);
  }

  /** A level whose tables take exactly their entries, naturally aligned. */
  public static LevelGeometry of(Level level, int indexBits, int entryBytes, boolean leafAllowed) {
    return new LevelGeometry(
        level, indexBits, leafAllowed, TablePlacement.natural(entryBytes << indexBits));
  }

  static LevelGeometry parse(String word, int entryBytes) {
    String[] parts = word.split("[:+]", -1);
    Level level = Level.valueOf(parts[0]);
    return of(level, Integer.parseInt(parts[1]), entryBytes, word.endsWith("+"));
  }

  /** A level that this variant does not have. */
  public static LevelGeometry folded(Level level) {
    return new LevelGeometry(level, 0, false, TablePlacement.NONE);
  }

  /**
   * Whether the level is folded away: no table, no entries, the slot above is used in its place.
   */
  public boolean isFolded() {
    return indexBits == 0;
  }

  /** Entries in one table of this level; 1 when folded, as {@code PTRS_PER_*} is then in Linux. */
  public int entries() {
    return 1 << indexBits;
  }
}
