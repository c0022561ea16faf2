package org.mmport.machine;

import java.util.concurrent.locks.ReentrantLock;

/**
 * Large folios of one node that are no longer mapped whole, oldest first, as {@code struct
 * deferred_split} in Linux. One lock guards the links and the mark in each folio's flags.
 */
final class DeferredSplitQueue {
  private final FrameTable frames;
  private final FolioFields fields;
  private final ReentrantLock lock;
  private long newest = FrameTable.NONE;
  private long oldest = FrameTable.NONE;

  DeferredSplitQueue(FrameTable frames, FolioFields fields, ReentrantLock lock) {
    this.frames = frames;
    this.fields = fields;
    this.lock = lock;
  }

  /** Returns false when it is queued already, and stays where it is. */
  boolean add(long head) {
    lock.lock();
    try {
      if ((fields.orFlags(head, FolioFields.QUEUED) & FolioFields.QUEUED) != 0) {
        return false;
      }
      newest = frames.push(head, newest);
      if (oldest == FrameTable.NONE) {
        oldest = head;
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Returns false when it is not queued. */
  boolean remove(long head) {
    lock.lock();
    try {
      if ((fields.flags(head) & FolioFields.QUEUED) == 0) {
        return false;
      }
      unlink(head);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** The oldest, with a reference taken; {@link FrameTable#NONE} when there is none. */
  long poll() {
    lock.lock();
    try {
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
    } finally {
      lock.unlock();
    }
  }

  private void unlink(long head) {
    if (head == oldest) {
      oldest = frames.previous(head);
    }
    newest = frames.unlink(head, newest);
    fields.clearFlags(head, FolioFields.QUEUED);
  }
}
