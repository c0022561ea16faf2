package org.mmport.benchmarks;

import java.util.SplittableRandom;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.VaRegion;

/**
 * 262 144 pages of a variant, in the middle of the addresses of its first root, and the orders in
 * which they are gone through.
 *
 * @param spread of how many pages one is mapped
 */
record Addresses(long firstVa, long pageBytes, int spread) {
  static final String SEQUENTIAL = "sequential";
  static final String SPARSE = "sparse";

  /** Spread where the order is sparse: over 64 times as many pages, or all that there are. */
  static Addresses of(MmuVariant variant, String order) {
    VaRegion region = variant.geometry().vaLayout().regions().getFirst();
    long pageBytes = variant.geometry().pageBytes();
    long pages = ((region.lastVa() - region.firstVa()) >>> variant.geometry().pageShift()) + 1;
    int spread = order.equals(SPARSE) ? (int) Math.min(64, pages / Workload.PAGES) : 1;
    long spare = (pages - (long) Workload.PAGES * spread) * pageBytes;
    long rootSpan = variant.geometry().spanBytes(variant.geometry().rootLevel());
    return new Addresses(region.firstVa() + (spare / 2 & -rootSpan), pageBytes, spread);
  }

  long spanBytes() {
    return Workload.PAGES * pageBytes * spread;
  }

  /** Ascending: one page at random of every {@code spread}. */
  long[] mapped() {
    SplittableRandom random = new SplittableRandom(7);
    long[] vas = new long[Workload.PAGES];
    for (int i = 0; i < vas.length; i++) {
      vas[i] = firstVa + ((long) i * spread + random.nextInt(spread)) * pageBytes;
    }
    return vas;
  }

  static long[] inOrder(String order, long[] mapped) {
    return order.equals(SEQUENTIAL) ? mapped : Workload.shuffled(mapped);
  }
}
