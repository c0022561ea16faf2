package org.mmport.machine;

import java.util.Arrays;

/** Frames, by number, in the order in which they came. */
public final class PageList {
  private static final int FIRST_CAPACITY = 512;

  private long[] pfns = {};
  private int count;

  public void add(long pfn) {
    if (count == pfns.length) {
      pfns = Arrays.copyOf(pfns, Math.max(FIRST_CAPACITY, 2 * count));
    }
    pfns[count++] = pfn;
  }

  public boolean isEmpty() {
    return count == 0;
  }

  public int size() {
    return count;
  }

  /** The one that came last. */
  long removeLast() {
    return pfns[--count];
  }
}
