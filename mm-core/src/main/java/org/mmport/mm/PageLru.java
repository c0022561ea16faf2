package org.mmport.mm;

import java.util.LinkedHashSet;
import java.util.OptionalLong;

/**
 * Pages that reclaim may look at, those that it looked at or that came last at the end: Linux's LRU
 * lists, as one. It holds no references: who takes a page must see whether it is still there.
 */
final class PageLru {
  private final LinkedHashSet<Long> pages = new LinkedHashSet<>();

  /** Puts a page last. */
  void add(long pfn) {
    pages.addLast(pfn);
  }

  /** Puts a page first. */
  void addFirst(long pfn) {
    pages.addFirst(pfn);
  }

  /** Takes the first. */
  OptionalLong poll() {
    return pages.isEmpty() ? OptionalLong.empty() : OptionalLong.of(pages.removeFirst());
  }

  int size() {
    return pages.size();
  }
}
