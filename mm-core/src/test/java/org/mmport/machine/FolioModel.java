package org.mmport.machine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/** Folios as one would keep them without a care for bytes: objects in a map by first frame. */
final class FolioModel {
  /** One folio. */
  static final class Folio {
    final long head;
    final int node;
    int refs = 1;
    int pins;
    int entireMaps;
    final List<Integer> maps = new ArrayList<>();

    /** Flags that pages have for themselves. */
    final List<Set<PageFlag>> own = new ArrayList<>();

    Set<PageFlag> flags = EnumSet.noneOf(PageFlag.class);

    Folio(long head, int pages, int node) {
      this.head = head;
      this.node = node;
      for (int page = 0; page < pages; page++) {
        maps.add(0);
        own.add(EnumSet.noneOf(PageFlag.class));
      }
    }

    Set<PageFlag> flags(PageFlag flag, int page) {
      return flag.ofOnePage() ? own.get(page) : flags;
    }

    /** Whether so many pages from one on are all its own, and mapped as often as that. */
    boolean has(int page, int count, int mapped) {
      return page + count <= pages()
          && maps.subList(page, page + count).stream().allMatch(maps -> maps >= mapped);
    }

    void addMaps(int page, int count, int by) {
      maps.subList(page, page + count).replaceAll(maps -> maps + by);
    }

    int pages() {
      return maps.size();
    }

    int allMaps() {
      return entireMaps + maps.stream().mapToInt(Integer::intValue).sum();
    }

    /** No leaf maps all, and PTEs map some pages and not others. */
    boolean isMappedInPart() {
      return entireMaps == 0 && allMaps() > 0 && maps.contains(0);
    }

    boolean cached() {
      return flags.contains(PageFlag.SWAPCACHE) || flags.contains(PageFlag.PAGECACHE);
    }

    boolean mayGo() {
      return pins == 0 && !flags.contains(PageFlag.LOCKED) && !cached();
    }

    boolean mayChange(int byRefs, int byMaps) {
      return refs + byRefs >= allMaps() + byMaps;
    }
  }

  final TreeMap<Long, Folio> folios = new TreeMap<>();
  final List<Deque<Long>> queues = List.of(new ArrayDeque<>(), new ArrayDeque<>());

  Folio alloc(long head, int order, int node) {
    Folio folio = new Folio(head, 1 << order, node);
    folios.put(head, folio);
    return folio;
  }

  /** Drops references; the folio goes with the last. Returns whether it went. */
  boolean unref(Folio folio, int count) {
    folio.refs -= count;
    if (folio.refs == 0) {
      folios.remove(folio.head);
      queues.get(folio.node).remove(folio.head);
      return true;
    }
    return false;
  }

  boolean maySplit(Folio folio) {
    return folio.pages() > 1
        && folio.pins == 0
        && folio.entireMaps == 0
        && folio.refs == folio.allMaps() + 1 + (folio.cached() ? folio.pages() : 0);
  }

  void split(Folio folio, int callersPage) {
    folios.remove(folio.head);
    queues.get(folio.node).remove(folio.head);
    for (int page = 0; page < folio.pages(); page++) {
      Folio small = new Folio(folio.head + page, 1, folio.node);
      small.maps.set(0, folio.maps.get(page));
      small.own.set(0, folio.own.get(page));
      small.refs = folio.maps.get(page) + (folio.cached() ? 1 : 0);
      small.flags = EnumSet.noneOf(PageFlag.class);
      small.flags.addAll(folio.flags);
      if (page == callersPage) {
        small.refs++;
      } else {
        small.flags.remove(PageFlag.LOCKED);
      }
      if (small.refs > 0) {
        folios.put(small.head, small);
      }
    }
  }
}
