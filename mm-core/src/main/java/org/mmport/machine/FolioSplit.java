package org.mmport.machine;

import java.util.List;
import org.mmport.spi.InvalidRequestException;

/** Makes large folios into pages, for {@link Folios#split}. */
final class FolioSplit {
  private final FrameAllocator allocator;
  private final FrameTable frames;
  private final FolioFields fields;
  private final List<DeferredSplitQueue> queues;

  FolioSplit(
      FrameAllocator allocator,
      FrameTable frames,
      FolioFields fields,
      List<DeferredSplitQueue> queues) {
    this.allocator = allocator;
    this.frames = frames;
    this.fields = fields;
    this.queues = queues;
  }

  /** Whether nobody has references beside mappings, the cache and the caller, who has one. */
  boolean isSplittable(long head) {
    return fields.counter(head, FrameTable.PINS) == 0
        && otherRefs(fields.counts(head), 1 + cacheRefs(head)) == 0;
  }

  /** Returns how many of the pages are in use after. */
  int split(long head, long pfn) {
    int pages = 1 << frames.order(head);
    int cacheRefs = cacheRefs(head);
    long counts;
    do {
      counts = fields.counts(head);
      requireSplittable(head, counts, 1 + cacheRefs);
    } while (!fields.compareAndSetCounts(head, counts, 0));
    int node = frames.node(head);
    queues.get(node).remove(head);
    int flags = fields.flags(head) & ~PageFlag.OF_ONE_PAGE;
    long mapping = fields.mapping(head);
    long index = fields.index(head);
    int kept = 0;
    for (long page = head; page < head + pages; page++) {
      int maps = fields.counter(page, FrameTable.PAGE_MAPS);
      int ownFlags = fields.flags(page) & PageFlag.OF_ONE_PAGE;
      frames.markAllocated(page, 0, node);
      int refs = maps + (cacheRefs == 0 ? 0 : 1) + (page == pfn ? 1 : 0);
      if (refs == 0) {
        allocator.free(page << allocator.pageShift(), 0);
      } else {
        int locked = page == pfn ? 0 : PageFlag.LOCKED.bit();
        fields.setFlags(page, (flags & ~locked) | ownFlags);
        fields.setMapping(page, mapping, index + (page - head));
        fields.setCounts(page, FolioFields.counts(refs, maps));
        kept++;
      }
    }
    return kept;
  }

  private void requireSplittable(long head, long counts, int ownRefs) {
    int pins = fields.counter(head, FrameTable.PINS);
    int entire = fields.counter(head, FrameTable.ENTIRE_MAPS);
    if (pins != 0 || entire != 0) {
      throw new InvalidRequestException(
          "split folio 0x%x: has %d pins and %d entire mapcounts; unpin it, split its leaves first"
              .formatted(head, pins, entire));
    }
    if (otherRefs(counts, ownRefs) != 0) {
      throw new InvalidRequestException(
          "split folio 0x%x: has %d references and %d mapcounts; must be %d more, the caller's and the cache's"
              .formatted(head, FolioFields.refs(counts), FolioFields.maps(counts), ownRefs));
    }
  }

  private static int otherRefs(long counts, int ownRefs) {
    return FolioFields.refs(counts) - FolioFields.maps(counts) - ownRefs;
  }

  private int cacheRefs(long head) {
    int cached = PageFlag.SWAPCACHE.bit() | PageFlag.PAGECACHE.bit();
    return (fields.flags(head) & cached) == 0 ? 0 : 1 << frames.order(head);
  }
}
