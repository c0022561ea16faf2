package org.mmport.machine;

import java.util.Arrays;

/** Frames in rows of consecutive numbers, in the order in which they came. */
public final class PageRows {
  private static final int FIRST_CAPACITY = 32;

  /** Of each row the first frame and the one after the last. */
  private long[] ends = {};

  private int rows;
  private long pages;

  /** Adds frames in a row, 1 or more. */
  public void add(long pfn, int nr) {
    pages += nr;
    if (rows > 0 && ends[2 * rows - 1] == pfn) {
      ends[2 * rows - 1] += nr;
      return;
    }
    if (2 * rows == ends.length) {
      ends = Arrays.copyOf(ends, Math.max(FIRST_CAPACITY, 2 * ends.length));
    }
    ends[2 * rows] = pfn;
    ends[2 * rows + 1] = pfn + nr;
    rows++;
  }

  public boolean isEmpty() {
    return rows == 0;
  }

  /** How many frames. */
  public long pages() {
    return pages;
  }

  /** The first frame of the row that came last. */
  long lastFirst() {
    return ends[2 * rows - 2];
  }

  /** How many frames that row has, as far as an int goes. */
  int lastLength() {
    return (int) Math.min(Integer.MAX_VALUE, ends[2 * rows - 1] - ends[2 * rows - 2]);
  }

  /** Takes so many frames out, the first ones of that row. */
  void removeFromLast(int nr) {
    pages -= nr;
    ends[2 * rows - 2] += nr;
    if (ends[2 * rows - 2] == ends[2 * rows - 1]) {
      rows--;
    }
  }
}
