package org.mmport.compare;

import java.util.List;
import org.mmport.spi.InvalidRequestException;

/**
 * A process that forks.
 *
 * @param pages that it has written to, 1 to {@link #MAX_PAGES}
 * @param folioOrders log2 of the pages of the folios that may be taken, beside single ones
 * @param pins how many of them devices use, evenly spread
 * @param children that it forks one after the other, 1 to 64
 * @param writtenPercent of its pages that each child writes to, evenly spread, 0 to 100
 */
public record ForkCase(
    int pages, List<Integer> folioOrders, int pins, int children, int writtenPercent) {
  /** So many pages of 64 KiB are 16 GiB; a machine touches every byte. */
  public static final int MAX_PAGES = 1 << 18;

  private static final int MAX_CHILDREN = 64;

  public ForkCase {
    folioOrders = List.copyOf(folioOrders);
    require("pages", pages, 1, MAX_PAGES);
    require("pins", pins, 0, pages);
    require("children", children, 1, MAX_CHILDREN);
    require("written", writtenPercent, 0, 100);
  }

  private static void require(String what, int value, int first, int last) {
    if (value < first || value > last) {
      throw new InvalidRequestException(
          "%s %d: must be %d to %d".formatted(what, value, first, last));
    }
  }

  /** The pages that each child writes to. */
  int writes() {
    return (int) ((long) pages * writtenPercent / 100);
  }
}
