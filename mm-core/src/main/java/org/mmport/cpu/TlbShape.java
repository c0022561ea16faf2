package org.mmport.cpu;

import org.mmport.spi.InvalidRequestException;

/**
 * How much a CPU caches.
 *
 * @param sets of the TLB, a power of two
 * @param ways entries of a set, 1 to 64
 * @param tablesPerLevel cached table pointers of each level, a power of two
 * @param seed for which entry of a full set makes way
 */
public record TlbShape(int sets, int ways, int tablesPerLevel, long seed) {
  /** About what CPUs of today have: 1024 translations, 64 pointers a level. */
  public static final TlbShape USUAL = new TlbShape(256, 4, 64, 1);

  public TlbShape {
    if (Integer.bitCount(sets) != 1
        || Integer.bitCount(tablesPerLevel) != 1
        || ways < 1
        || ways > 64
        || sets > 1 << 20) {
      throw new InvalidRequestException(
          "TLB of %d sets of %d, %d tables a level: powers of two, and 1 to 64 in a set"
              .formatted(sets, ways, tablesPerLevel));
    }
  }

  /** The same with other choices of what makes way. */
  TlbShape reseeded(int cpu) {
    return new TlbShape(sets, ways, tablesPerLevel, seed * 0x9e37_79b9_7f4a_7c15L + cpu + 1);
  }
}
