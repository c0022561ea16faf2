package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.Protection;
import org.mmport.spi.VaRegion;

/** The values that clauses try: all protections, and addresses at edges and at random. */
final class Samples {
  /** The sixteen combinations of {@code VM_READ, VM_WRITE, VM_EXEC, VM_SHARED}. */
  static final List<Protection> USER =
      Stream.of(false, true)
          .flatMap(
              shared ->
                  Stream.of("---", "r--", "-w-", "rw-", "--x", "r-x", "-wx", "rwx")
                      .map(rwx -> Protection.user(rwx, shared)))
          .toList();

  static final List<Protection> KERNEL =
      Stream.of("r--", "rw-", "r-x", "rwx").map(Protection::kernel).toList();

  static final List<Protection> ALL = Stream.concat(USER.stream(), KERNEL.stream()).toList();

  /** Those through which hardware can reach memory. */
  static final List<Protection> ACCESSIBLE = ALL.stream().filter(p -> !p.isNone()).toList();

  private static final int RANDOM_ADDRESSES = 24;

  private Samples() {}

  /** The levels that have tables, by their index bits alone. */
  static List<Level> realLevels(PagingGeometry geometry) {
    return Stream.of(Level.values()).filter(l -> geometry.at(l).indexBits() > 0).toList();
  }

  /** log2 of the bytes that an entry of a level spans, added up from the index bits below it. */
  static int shift(PagingGeometry geometry, Level level) {
    int shift = geometry.pageShift();
    for (Level below : Level.values()) {
      shift += below.compareTo(level) > 0 ? geometry.at(below).indexBits() : 0;
    }
    return shift;
  }

  static long spanBytes(PagingGeometry geometry, Level level) {
    return 1L << shift(geometry, level);
  }

  /** The index of an address in a table of a level. */
  static int index(PagingGeometry geometry, Level level, long va) {
    long tableMask = (1L << geometry.at(level).indexBits()) - 1;
    return (int) (va >>> shift(geometry, level) & tableMask);
  }

  /** The highest physical address at which a leaf or table aligned like that can start. */
  static long lastPhysAddr(PagingGeometry geometry, long alignBytes) {
    long last = geometry.paBits() >= 63 ? Long.MAX_VALUE : (1L << geometry.paBits()) - 1;
    return last & -alignBytes;
  }

  /** The highest physical address at which a leaf of a level can start. */
  static long lastPhysAddr(PagingGeometry geometry, Level level) {
    int bits = geometry.paBits(level);
    return (bits >= 63 ? Long.MAX_VALUE : (1L << bits) - 1) & -spanBytes(geometry, level);
  }

  /** Physical addresses for leaves of a level: 0, each bit alone, the last, and random ones. */
  static List<Long> physAddrs(ClauseContext c, Level level) {
    return physAddrs(c, lastPhysAddr(c.geometry(), level), spanBytes(c.geometry(), level));
  }

  /** The same for tables. */
  static List<Long> physAddrs(ClauseContext c, long alignBytes) {
    return physAddrs(c, lastPhysAddr(c.geometry(), alignBytes), alignBytes);
  }

  private static List<Long> physAddrs(ClauseContext c, long last, long alignBytes) {
    List<Long> all = new ArrayList<>(List.of(0L, last));
    for (long bit = alignBytes; bit > 0 && bit <= last; bit <<= 1) {
      all.add(bit);
    }
    for (int i = 0; i < RANDOM_ADDRESSES; i++) {
      all.add(c.random().nextLong() & last);
    }
    return all;
  }

  /** One address for a leaf of a level that may be split: pages reach it too. */
  static long physAddrOfPages(ClauseContext c, Level level) {
    return c.random().nextLong() & lastPhysAddr(c.geometry(), spanBytes(c.geometry(), level));
  }

  /** One address for a leaf of a level. */
  static long physAddr(ClauseContext c, Level level) {
    return c.random().nextLong() & lastPhysAddr(c.geometry(), level);
  }

  /** Pages: the first and the last of every region, and random ones in each. */
  static List<Long> pages(ClauseContext c, int randomPerRegion) {
    long pageMask = -(1L << c.geometry().pageShift());
    List<Long> all = new ArrayList<>();
    for (VaRegion region : c.geometry().vaLayout().regions()) {
      all.add(region.firstVa());
      all.add(region.lastVa() & pageMask);
      for (int i = 0; i < randomPerRegion; i++) {
        all.add(randomVa(c, region) & pageMask);
      }
    }
    return all.stream().distinct().toList();
  }

  static long randomVa(ClauseContext c, VaRegion region) {
    long size = region.lastVa() - region.firstVa();
    long offset =
        size == -1L
            ? c.random().nextLong()
            : Long.remainderUnsigned(c.random().nextLong(), size + 1);
    return region.firstVa() + offset;
  }

  /** Addresses that no region holds: next to each region, and random; none where all are held. */
  static List<Long> nonCanonical(ClauseContext c) {
    List<Long> candidates = new ArrayList<>();
    for (VaRegion region : c.geometry().vaLayout().regions()) {
      candidates.add(region.firstVa() - 1);
      candidates.add(region.lastVa() + 1);
      for (int bit = c.geometry().pageShift(); bit < Long.SIZE; bit++) {
        candidates.add(region.firstVa() ^ 1L << bit);
        candidates.add(region.lastVa() ^ 1L << bit);
      }
    }
    for (int i = 0; i < 64; i++) {
      candidates.add(c.random().nextLong());
    }
    return candidates.stream().filter(va -> !held(c.variant(), va)).distinct().toList();
  }

  private static boolean held(MmuVariant variant, long va) {
    for (VaRegion region : variant.geometry().vaLayout().regions()) {
      if (Long.compareUnsigned(region.firstVa(), va) <= 0
          && Long.compareUnsigned(va, region.lastVa()) <= 0) {
        return true;
      }
    }
    return false;
  }
}
