package org.mmport.cpu;

/**
 * Roughly which memory a CPU's caches point to, so that frames can be freed without a search of
 * them: counts by hash of the frame. Never says no where the truth is yes.
 */
final class FrameHints {
  private static final int BUCKETS = 4096;

  /**
   * log2 of the frames, aligned, whose buckets are next to each other: what is freed is in rows.
   */
  private static final int GROUP_SHIFT = 6;

  private final int pageShift;
  private final int[] counts = new int[BUCKETS];
  private final int[] groups = new int[BUCKETS >> GROUP_SHIFT];

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
    long pfn = physAddr >>> pageShift;
    while (pfn <= last) {
      int bucket = bucket(pfn);
      if (groups[bucket >> GROUP_SHIFT] == 0) {
        pfn = (pfn | ((1 << GROUP_SHIFT) - 1)) + 1;
      } else if (counts[bucket] == 0) {
        pfn++;
      } else {
        return true;
      }
    }
    return false;
  }

  private void count(long physAddr, long sizeBytes, int by) {
    if (sizeBytes > 1L << pageShift) {
      large += by;
    } else {
      int bucket = bucket(physAddr >>> pageShift);
      counts[bucket] += by;
      groups[bucket >> GROUP_SHIFT] += by;
    }
  }

  private static int bucket(long pfn) {
    return (int) (pfn ^ (pfn >>> 12)) & (BUCKETS - 1);
  }
}
