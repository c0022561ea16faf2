package org.mmport.machine;

import java.util.List;
import java.util.stream.IntStream;
import org.mmport.spi.InvalidRequestException;

/** References and mapcounts of folios, which never are more than the references (R4.5). */
final class FolioCounts {
  /** Who sets one of these keeps a reference until it is cleared. */
  static final int NOT_WHEN_FREED =
      PageFlag.LOCKED.bit() | PageFlag.SWAPCACHE.bit() | PageFlag.PAGECACHE.bit();

  private final FrameTable frames;
  private final FolioFields fields;

  FolioCounts(FrameTable frames, FolioFields fields) {
    this.frames = frames;
    this.fields = fields;
  }

  /**
   * The one place where references and the folio's mapcounts change.
   *
   * @return both as they are now
   */
  long add(long head, int refs, int maps) {
    while (true) {
      long counts = fields.counts(head);
      if (FolioFields.refs(counts) == 0) {
        throw notInUse(head);
      }
      long newRefs = (long) FolioFields.refs(counts) + refs;
      long newMaps = (long) FolioFields.maps(counts) + maps;
      if (newMaps < 0 || newRefs < newMaps || newRefs > Integer.MAX_VALUE) {
        throw new InvalidRequestException(
            "folio 0x%x: %+d references and %+d mapcounts would make %d and %d; needs 0 <= mapcounts <= references < 2^31"
                .formatted(head, refs, maps, newRefs, newMaps));
      }
      if (newRefs == 0) {
        requireFreeable(head);
      }
      long sum = FolioFields.counts((int) newRefs, (int) newMaps);
      if (fields.compareAndSetCounts(head, counts, sum)) {
        return sum;
      }
    }
  }

  /** Changes one mapcount of a large folio and the sum of all, which is never the smaller. */
  int addPart(long head, long pfn, long field, int count, String what) {
    if (count >= 0) {
      add(head, 0, count);
      return fields.raise(pfn, field, count);
    }
    int left = fields.lower(pfn, field, -(long) count);
    if (left < 0) {
      throw new InvalidRequestException(
          "%+d %s 0x%x: has %d".formatted(count, what, pfn, fields.counter(pfn, field)));
    }
    add(head, 0, count);
    return left;
  }

  /** One PTE more for each of so many pages of a folio. */
  void mapPages(long head, long pfn, int pages) {
    add(head, 0, pages);
    if (frames.order(head) > 0) {
      for (long page = pfn; page < pfn + pages; page++) {
        fields.raise(page, FrameTable.PAGE_MAPS, 1);
      }
    }
  }

  /**
   * One PTE less for each; whether one of them is mapped no more then, and another page is. Who
   * maps the folio by one leaf maps all.
   */
  boolean unmapPages(long head, long pfn, int pages) {
    if (frames.order(head) == 0) {
      add(head, 0, -1);
      return false;
    }
    boolean unmapped = false;
    for (long page = pfn; page < pfn + pages; page++) {
      int left = fields.lower(page, FrameTable.PAGE_MAPS, 1);
      if (left < 0) {
        for (long done = pfn; done < page; done++) {
          fields.raise(done, FrameTable.PAGE_MAPS, 1);
        }
        throw new InvalidRequestException(
            "a PTE less for pages 0x%x to 0x%x: no PTE maps 0x%x"
                .formatted(pfn, pfn + pages - 1, page));
      }
      unmapped |= left == 0;
    }
    return FolioFields.maps(add(head, 0, -pages)) > 0
        && unmapped
        && fields.counter(head, FrameTable.ENTIRE_MAPS) == 0;
  }

  /** One leaf above a PTE less; whether that leaves some pages mapped and others not. */
  boolean unmapWhole(long head) {
    boolean last =
        addPart(head, head, FrameTable.ENTIRE_MAPS, -1, "entire mapcounts of folio") == 0;
    if (!last || FolioFields.maps(fields.counts(head)) == 0) {
      return false;
    }
    for (long page = head; page < head + (1L << frames.order(head)); page++) {
      if (fields.counter(page, FrameTable.PAGE_MAPS) == 0) {
        return true;
      }
    }
    return false;
  }

  /** How many references so many pins of a folio take. */
  int pinRefs(long head, int pins) {
    long refs = frames.order(head) > 0 ? pins : (long) pins * Folios.GUP_PIN_COUNTING_BIAS;
    if (refs > Integer.MAX_VALUE) {
      throw new InvalidRequestException(
          "%d pins of folio 0x%x: needs %d references; must be below 2^31"
              .formatted(pins, head, refs));
    }
    return (int) refs;
  }

  private void requireFreeable(long head) {
    int held = fields.flags(head) & NOT_WHEN_FREED;
    int pins = fields.counter(head, FrameTable.PINS);
    if (held != 0 || pins != 0) {
      throw new InvalidRequestException(
          "last reference of folio 0x%x: has %d pins and flags %s, whose owners hold references"
              .formatted(head, pins, names(held)));
    }
  }

  private static List<PageFlag> names(int flags) {
    return IntStream.range(0, PageFlag.values().length)
        .filter(bit -> (flags & (1 << bit)) != 0)
        .mapToObj(bit -> PageFlag.values()[bit])
        .toList();
  }

  static InvalidRequestException notInUse(long pfn) {
    return new InvalidRequestException(
        "frame 0x%x: in no folio in use; it was freed, never handed out, or holds page tables"
            .formatted(pfn));
  }
}
