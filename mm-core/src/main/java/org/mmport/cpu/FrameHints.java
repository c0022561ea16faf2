package org.mmport.cpu;

/**
 * Roughly which memory a CPU's caches point to, so that frames can be freed without a search of
 * them: counts by hash of the frame. Never says no where the truth is yes.
 */
final class FrameHints {
  private static final int BUCKETS = 4096;

  private final int pageShift;
  private final int[] counts = new int[BUCKETS];

  /** What is larger than a frame, which is rare. */
  private int large;

  FrameHints(int pageShift) {
    this.pageShift = pageShift;
  }

  void add(long physAddr, long sizeBytes) {
    count(physAddr, sizeBytes, 1);
  }

  void remove(long physAddr, long sizeBytes) {
    count(physAddr, sizeBytes, -1);
  }

  /** Whether anything may point into that memory. */
  boolean mayPointInto(long physAddr, long sizeBytes) {
    if (large > 0) {
      return true;
    }
    long last = (physAddr + sizeBytes - 1) >>> pageShift;
    for (long pfn = physAddr >>> pageShift; pfn <= last; pfn++) {
      if (counts[bucket(pfn)] != 0) {
        return true;
      }
    }
    return false;
  }

  private void count(long physAddr, long sizeBytes, int by) {
    if (sizeBytes > 1L << pageShift) {
      large += by;
    } else {
      counts[bucket(physAddr >>> pageShift)] += by;
    }
  }

  private static int bucket(long pfn) {
    return (int) (pfn ^ (pfn >>> 12)) & (BUCKETS - 1);
  }
}
