package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;

/**
 * Which frame has which page of a file: {@code i_pages} of {@code struct address_space}. One
 * reference to the folio is held for each page that is here. Guarded by the file's lock.
 *
 * <p>A folio is here whole, but for one of which the end was cut off while it could not be split.
 */
final class CachedPages {
  private final long id;
  private final Folios folios;
  private final TreeMap<Long, Long> pfnByIndex = new TreeMap<>();

  /** Those of the file of that number. */
  CachedPages(long id, Folios folios) {
    this.id = id;
    this.folios = folios;
  }

  int size() {
    return pfnByIndex.size();
  }

  OptionalLong find(long index) {
    Long pfn = pfnByIndex.get(index);
    return pfn == null ? OptionalLong.empty() : OptionalLong.of(pfn);
  }

  /** Whether any of so many pages is here. */
  boolean hasAny(long index, long pages) {
    Long next = pfnByIndex.ceilingKey(index);
    return next != null && next < index + pages;
  }

  /** Frames by page. */
  NavigableMap<Long, Long> all() {
    return new TreeMap<>(pfnByIndex);
  }

  /**
   * Takes a folio whose pages are to be those from one on, and the caller's reference ({@code
   * filemap_add_folio()}).
   */
  void add(long head, long index) {
    int pages = folios.framesFrom(head);
    if (pages > 1) {
      folios.ref(head, pages - 1);
    }
    folios.set(head, PageFlag.UPTODATE);
    folios.set(head, PageFlag.PAGECACHE);
    folios.setMapping(head, id, index);
    for (int i = 0; i < pages; i++) {
      pfnByIndex.put(index + i, head + i);
    }
  }

  /** The first page of any of a folio's that are here; a large one is aligned in its file. */
  private long firstIndex(long pfn) {
    return folios.index(folios.headOf(pfn));
  }

  /**
   * How many pages of a folio are here, by one that is: from its first on. Others may be in the
   * place of those that were cut off.
   */
  int held(long pfn) {
    if (!folios.isLarge(pfn)) {
      return 1;
    }
    long head = folios.headOf(pfn);
    int held = 1 << folios.order(pfn);
    while (find(folios.index(head) + held - 1).orElse(-1) != head + held - 1) {
      held--;
    }
    return held;
  }

  /** The pages of a folio that are here, by one that is. */
  NavigableMap<Long, Long> of(long pfn) {
    long first = firstIndex(pfn);
    return pfnByIndex.subMap(first, true, first + held(pfn), false);
  }

  /** The first pages of folios of which any is in a range, as far as it is here. */
  List<Long> folioPages(long firstIndex, long lastIndex) {
    List<Long> firsts = new ArrayList<>();
    long lastHead = -1;
    for (long pfn : pfnByIndex.subMap(firstIndex, true, lastIndex, true).values()) {
      long head = folios.isLarge(pfn) ? folios.headOf(pfn) : pfn;
      if (head != lastHead) {
        firsts.add(folios.index(head));
        lastHead = head;
      }
    }
    return firsts;
  }

  /** Gives up a folio, by one of its pages that is here. */
  void remove(long pfn) {
    long head = folios.headOf(pfn);
    NavigableMap<Long, Long> pages = of(head);
    int held = pages.size();
    pages.clear();
    folios.clear(head, PageFlag.DIRTY);
    folios.clear(head, PageFlag.PAGECACHE);
    folios.setMapping(head, 0, 0);
    folios.unref(head, held);
  }

  /**
   * Gives up all pages from one on. Of a folio that begins before, the others stay, and what it is
   * said to be.
   */
  void removeFrom(long index) {
    while (!pfnByIndex.isEmpty() && pfnByIndex.lastKey() >= index) {
      long pfn = pfnByIndex.lastEntry().getValue();
      if (firstIndex(pfn) >= index) {
        remove(pfn);
      } else {
        NavigableMap<Long, Long> cutOff = of(pfn).tailMap(index, true);
        int pages = cutOff.size();
        cutOff.clear();
        folios.unref(pfn, pages);
      }
    }
  }
}
