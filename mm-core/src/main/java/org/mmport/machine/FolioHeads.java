package org.mmport.machine;

import org.mmport.spi.InvalidRequestException;

/** Which frame is the first of the folio that a frame is in; refuses frames that are in none. */
final class FolioHeads {
  private final FrameTable frames;
  private final FolioFields fields;

  FolioHeads(FrameTable frames, FolioFields fields) {
    this.frames = frames;
    this.fields = fields;
  }

  /** That of a folio in use. */
  long inUse(long pfn) {
    long head = block(pfn);
    if (FolioFields.refs(fields.counts(head)) == 0) {
      throw FolioCounts.notInUse(pfn);
    }
    return head;
  }

  /**
   * The same for those who hold a reference, as all must who ask for flags, or change its counts
   * next, where it is seen whether it is in use.
   */
  long block(long pfn) {
    // Asked several times for every entry that is copied or zapped.
    return isPage(pfn) ? pfn : headOfBlock(pfn);
  }

  /** Whether a frame is a folio of its own: told by one look, and so are nearly all. */
  boolean isPage(long pfn) {
    return frames.contains(pfn) && frames.isPlainPage(pfn);
  }

  private long headOfBlock(long pfn) {
    long head = frames.contains(pfn) ? frames.headOf(pfn) : FrameTable.NONE;
    if (head == FrameTable.NONE
        || frames.state(head) != FrameTable.ALLOCATED_HEAD
        || frames.use(head) != FrameTable.PLAIN) {
      throw FolioCounts.notInUse(pfn);
    }
    return head;
  }

  /** Whether the folio with that head has more than one frame. */
  boolean isLarge(long head) {
    return frames.order(head) > 0;
  }

  /** The frame whose record has the flag: the page's own, or its folio's. */
  long flagged(long pfn, PageFlag flag) {
    long head = block(pfn);
    return flag.ofOnePage() ? pfn : head;
  }

  /** The head of a folio of more than one frame. */
  long large(long pfn, String what) {
    long head = inUse(pfn);
    if (!isLarge(head)) {
      throw new InvalidRequestException(
          "%s folio 0x%x: has one frame; only larger ones are split".formatted(what, head));
    }
    return head;
  }

  /** The head of the one folio in which all those pages are. */
  long within(long pfn, int pages) {
    long head = inUse(pfn);
    if (pages < 1 || pfn + pages > head + (1L << frames.order(head))) {
      throw new InvalidRequestException(
          "%d pages from 0x%x: must be 1 or more, and all of folio 0x%x, which has %d"
              .formatted(pages, pfn, head, 1L << frames.order(head)));
    }
    return head;
  }
}
