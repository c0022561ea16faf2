package org.mmport.machine;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.mmport.machine.FrameTable.ALL;

import java.lang.invoke.VarHandle;

/**
 * Atomic access to those fields of {@link FrameTable} that count and mark folios.
 *
 * <p>References and mapcounts of a folio are one word, so that they change together or not at all
 * and no thread sees more mapcounts than references.
 */
final class FolioFields {
  /** In the flags of a head, beside those of {@link PageFlag}: is on a deferred split queue. */
  static final int QUEUED = 1 << 31;

  private static final VarHandle INT = JAVA_INT.varHandle();
  private static final VarHandle LONG = JAVA_LONG.varHandle();

  private final FrameTable frames;
  private final Steps steps;

  FolioFields(FrameTable frames, Steps steps) {
    this.frames = frames;
    this.steps = steps;
  }

  static long counts(int refs, int maps) {
    return ((long) maps << Integer.SIZE) | refs;
  }

  static int refs(long counts) {
    return (int) counts;
  }

  static int maps(long counts) {
    return (int) (counts >>> Integer.SIZE);
  }

  /** Of a head: the references, and all mapcounts of the folio together. */
  long counts(long head) {
    steps.folio(Steps.Kind.LOAD, head);
    return (long) LONG.getVolatile(ALL, frames.counts(head));
  }

  void setCounts(long head, long counts) {
    steps.folio(Steps.Kind.STORE, head);
    LONG.setVolatile(ALL, frames.counts(head), counts);
  }

  boolean compareAndSetCounts(long head, long expected, long counts) {
    steps.folio(Steps.Kind.UPDATE, head);
    return LONG.compareAndSet(ALL, frames.counts(head), expected, counts);
  }

  /** A reference more, unless there is none. Returns whether it was taken. */
  boolean refUnlessZero(long head) {
    while (true) {
      long counts = counts(head);
      if (refs(counts) == 0 || refs(counts) == Integer.MAX_VALUE) {
        return false;
      }
      if (compareAndSetCounts(head, counts, counts + 1)) {
        return true;
      }
    }
  }

  int flags(long pfn) {
    steps.folio(Steps.Kind.LOAD, pfn);
    return (int) INT.getVolatile(ALL, frames.kind(pfn) + FrameTable.FLAGS);
  }

  void setFlags(long pfn, int flags) {
    steps.folio(Steps.Kind.STORE, pfn);
    INT.setVolatile(ALL, frames.kind(pfn) + FrameTable.FLAGS, flags);
  }

  /** Returns the flags as they were. */
  int orFlags(long pfn, int bits) {
    steps.folio(Steps.Kind.UPDATE, pfn);
    return (int) INT.getAndBitwiseOr(ALL, frames.kind(pfn) + FrameTable.FLAGS, bits);
  }

  /** Returns the flags as they were. */
  int clearFlags(long pfn, int bits) {
    steps.folio(Steps.Kind.UPDATE, pfn);
    return (int) INT.getAndBitwiseAnd(ALL, frames.kind(pfn) + FrameTable.FLAGS, ~bits);
  }

  long mapping(long head) {
    return (long) LONG.getVolatile(ALL, frames.rest(head) + FrameTable.MAPPING);
  }

  long index(long head) {
    return (long) LONG.getVolatile(ALL, frames.rest(head) + FrameTable.INDEX);
  }

  void setMapping(long head, long mapping, long index) {
    LONG.setVolatile(ALL, frames.rest(head) + FrameTable.INDEX, index);
    LONG.setVolatile(ALL, frames.rest(head) + FrameTable.MAPPING, mapping);
  }

  /** A counter at that offset of the rest of what is known of a frame. */
  int counter(long pfn, long field) {
    steps.folio(Steps.Kind.LOAD, pfn);
    return (int) INT.getVolatile(ALL, frames.rest(pfn) + field);
  }

  int raise(long pfn, long field, int by) {
    steps.folio(Steps.Kind.UPDATE, pfn);
    return (int) INT.getAndAdd(ALL, frames.rest(pfn) + field, by) + by;
  }

  /** What is left, or -1 with nothing changed when it would go below 0. */
  int lower(long pfn, long field, long by) {
    while (true) {
      int count = counter(pfn, field);
      if (count < by) {
        return -1;
      }
      int left = (int) (count - by);
      steps.folio(Steps.Kind.UPDATE, pfn);
      if (INT.compareAndSet(ALL, frames.rest(pfn) + field, count, left)) {
        return left;
      }
    }
  }
}
