package org.mmport.machine;

/**
 * Large folios of one node that are no longer mapped whole, oldest first, as {@code struct
 * deferred_split} in Linux. One lock guards the links and the mark in each folio's flags.
 */
final class DeferredSplitQueue {
  private final FrameTable frames;
  private final FolioFields fields;
  private long newest = FrameTable.NONE;
  private long oldest = FrameTable.NONE;

  DeferredSplitQueue(FrameTable frames, FolioFields fields) {
    this.frames = frames;
    this.fields = fields;
  }

  /** Returns false when it is queued already, and stays where it is. */
  synchronized boolean add(long head) {
    if ((fields.orFlags(head, FolioFields.QUEUED) & FolioFields.QUEUED) != 0) {
      return false;
    }
    newest = frames.push(head, newest);
    if (oldest == FrameTable.NONE) {
      oldest = head;
    }
    return true;
  }

  /** Returns false when it is not queued. */
  synchronized boolean remove(long head) {
    if ((fields.flags(head) & FolioFields.QUEUED) == 0) {
      return false;
    }
    unlink(head);
    return true;
  }

  /** The oldest, with a reference taken; {@link FrameTable#NONE} when there is none. */
  synchronized long poll() {
    while (oldest != FrameTable.NONE) {
      long head = oldest;
      // While it is marked as queued, who frees it waits for our lock: the frame is still its.
      boolean inUse = fields.refUnlessZero(head);
      unlink(head);
      if (inUse) {
        return head;
      }
    }
    return FrameTable.NONE;
  }

  private void unlink(long head) {
    if (head == oldest) {
      oldest = frames.previous(head);
    }
    newest = frames.unlink(head, newest);
    fields.clearFlags(head, FolioFields.QUEUED);
  }
}
