package org.mmport.spi;

import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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
  private static final Pattern WORD =
      Pattern.compile("([A-Z0-9]+):([0-9]{1,9})(?:(\\+)([0-9]{1,2})?)?(?:/([0-9]{1,9}))?");

  public LevelGeometry {
    requireIndexBits(level, indexBits);
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
    requireIndexBits(level, indexBits);
    return new LevelGeometry(
        level, indexBits, leafAllowed, TablePlacement.natural(entryBytes << indexBits));
  }

  /** One level of {@link PagingGeometry#levels(int, String)}. */
  static LevelGeometry parse(String word, int entryBytes) {
    Matcher parts = WORD.matcher(word);
    if (!parts.matches()) {
      throw new InvalidRequestException(
          "level '%s': write its name, a colon, its index bits, and + where leaves are allowed, such as PMD:9+"
              .formatted(word));
    }
    Level level =
        Arrays.stream(Level.values())
            .filter(known -> known.name().equals(parts.group(1)))
            .findFirst()
            .orElseThrow(
                () ->
                    new InvalidRequestException(
                        "level '%s': %s is none of %s"
                            .formatted(word, parts.group(1), Arrays.toString(Level.values()))));
    int indexBits = Integer.parseInt(parts.group(2));
    if (indexBits == 0) {
      throw new InvalidRequestException(
          "level '%s': 0 index bits; leave a folded level out".formatted(word));
    }
    LevelGeometry exact = of(level, indexBits, entryBytes, parts.group(3) != null);
    String bytes = parts.group(5);
    return new LevelGeometry(
        level,
        indexBits,
        exact.leafAllowed(),
        bytes == null ? exact.placement() : TablePlacement.natural(Integer.parseInt(bytes)),
        parts.group(4) == null ? 0 : Integer.parseInt(parts.group(4)));
  }

  private static void requireIndexBits(Level level, int indexBits) {
    if (indexBits < 0 || indexBits > 16) {
      throw new InvalidRequestException(
          level + " indexBits=" + indexBits + ": must be 0 (folded) to 16");
    }
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
