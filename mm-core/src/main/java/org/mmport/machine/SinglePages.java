package org.mmport.machine;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.mmport.machine.FrameTable.ALL;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Anonymous folios of one frame each, which nearly all pages of a process are, for those who come
 * by many of them and keep out whoever else could count them. What is said of one is said by its
 * record in {@link FrameTable} alone, and told by one look at that; and counts are read, checked
 * and stored, not exchanged: an atomic change costs more than all else that a fork does for a page.
 * What is none of these, {@link Folios} knows what to do with.
 */
public final class SinglePages {
  /** One record's first 8 bytes: what the block is, and flags. */
  private static final ValueLayout.OfLong KIND = JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final long ANON = flags(PageFlag.ANON.bit());
  private static final long EXCLUSIVE = flags(PageFlag.ANON_EXCLUSIVE.bit());
  private static final long DIRTY = flags(PageFlag.DIRTY.bit());
  private static final long OWNERS = ANON | EXCLUSIVE;
  private static final long HELD = flags(FolioCounts.NOT_WHEN_FREED);

  private static final long ONE_MAP = FolioFields.counts(0, 1);
  private static final long ONE_MAPPING = FolioFields.counts(1, 1);

  private final Folios folios;
  private final FrameTable frames;
  private final FrameAllocator allocator;
  private final Steps steps;
  private final boolean stepped;

  /** What is looked at of a record's kind, and what it must be. */
  private final long mask;

  private final long wanted;

  private SinglePages(Folios folios, FrameAllocator allocator, long owners) {
    this.folios = folios;
    this.allocator = allocator;
    this.frames = allocator.frames();
    this.steps = allocator.memory().steps();
    this.stepped = !steps.equals(Steps.NONE);
    this.mask = FrameTable.BLOCK_KIND | HELD | owners;
    this.wanted = FrameTable.ALLOCATED_HEAD | owners;
  }

  /** All of them, for whoever has the machine alone. */
  public static SinglePages ofMachine(Folios folios, FrameAllocator frames) {
    return new SinglePages(folios, frames, ANON);
  }

  /**
   * Those that are known to be one process's own, for whoever has that process alone: nobody else
   * gets to them but by the lists of reclaim, which has the machine alone.
   */
  public static SinglePages ofOneProcess(Folios folios, FrameAllocator frames) {
    return new SinglePages(folios, frames, OWNERS);
  }

  private static long flags(int bits) {
    return (long) bits << Integer.SIZE;
  }

  /**
   * Lets one more process have a page that an entry maps: it is nobody's own from then on, and has
   * one reference and one PTE more, both at once (R4.5). For whoever has the machine alone.
   *
   * @return false, and nothing changed, where it is not such a page, may be pinned while it is one
   *     process's own, or has as many references as there may be
   */
  public boolean tryDup(long pfn) {
    if (!frames.contains(pfn)) {
      return false;
    }
    long record = frames.record(pfn);
    long kind = ALL.get(KIND, record);
    if ((kind & FrameTable.BLOCK_KIND) != FrameTable.ALLOCATED_HEAD) {
      return false;
    }
    tell(Steps.Kind.LOAD, pfn);
    long counts = ALL.get(JAVA_LONG, record + FrameTable.COUNTS);
    boolean shared =
        (kind & OWNERS) == ANON
            ? isBelow(counts, Integer.MAX_VALUE)
            : tryShare(pfn, record, kind, counts);
    if (!shared) {
      return false;
    }
    tell(Steps.Kind.STORE, pfn);
    ALL.set(JAVA_LONG, record + FrameTable.COUNTS, counts + ONE_MAPPING);
    return true;
  }

  /** Whether there is one reference or more, but fewer than that. */
  private static boolean isBelow(long counts, int refs) {
    return Integer.compareUnsigned(FolioFields.refs(counts) - 1, refs - 1) < 0;
  }

  /** Takes the mark from a page that is one process's own, if it may be shared. */
  private boolean tryShare(long pfn, long record, long kind, long counts) {
    if ((kind & OWNERS) != OWNERS || !isBelow(counts, Folios.GUP_PIN_COUNTING_BIAS)) {
      return false;
    }
    setFlags(pfn, record, kind & ~EXCLUSIVE);
    return true;
  }

  /** Whether a page that an entry maps is such a page, and is in no cache. */
  public boolean areMapped(long pfn) {
    if (!frames.contains(pfn)) {
      return false;
    }
    long record = frames.record(pfn);
    return (ALL.get(KIND, record) & mask) == wanted
        && FolioFields.maps(ALL.get(JAVA_LONG, record + FrameTable.COUNTS)) > 0;
  }

  /**
   * One PTE less maps such a page; its reference is given back by {@link #unref}.
   *
   * @param dirty whether somebody wrote by it
   */
  public void unmap(long pfn, boolean dirty) {
    long record = frames.record(pfn);
    tell(Steps.Kind.LOAD, pfn);
    long kind = ALL.get(KIND, record);
    if (dirty && (kind & DIRTY) == 0) {
      setFlags(pfn, record, kind | DIRTY);
    }
    long counts = ALL.get(JAVA_LONG, record + FrameTable.COUNTS);
    tell(Steps.Kind.STORE, pfn);
    ALL.set(JAVA_LONG, record + FrameTable.COUNTS, counts - ONE_MAP);
  }

  /**
   * Gives a reference to each of such pages back, from the last to the first, and those that have
   * no other then, frames in a row together.
   */
  public void unref(PageList pages) {
    long first = 0;
    long end = 0;
    while (!pages.isEmpty()) {
      long pfn = pages.removeLast();
      if (isLastUnref(pfn)) {
        if (pfn != first - 1) {
          free(first, end);
          end = pfn + 1;
        }
        first = pfn;
      }
    }
    free(first, end);
  }

  private void free(long first, long end) {
    if (first < end) {
      allocator.freePages(first, end);
      folios.allocated.add(first - end);
    }
  }

  /** Gives a reference back; whether it was the last, and the frame is to be freed. */
  private boolean isLastUnref(long pfn) {
    long record = frames.record(pfn);
    tell(Steps.Kind.LOAD, pfn);
    long kind = ALL.get(KIND, record);
    long counts = ALL.get(JAVA_LONG, record + FrameTable.COUNTS);
    if ((kind & HELD) != 0 || FolioFields.refs(counts) <= FolioFields.maps(counts)) {
      // Refused, or for whoever put it into a cache since.
      folios.unref(pfn, 1);
      return false;
    }
    boolean last = FolioFields.refs(counts) == 1;
    if (last) {
      setFlags(pfn, record, 0);
    }
    tell(Steps.Kind.STORE, pfn);
    ALL.set(JAVA_LONG, record + FrameTable.COUNTS, counts - 1);
    return last;
  }

  private void setFlags(long pfn, long record, long kind) {
    tell(Steps.Kind.STORE, pfn);
    ALL.set(JAVA_INT, record + FrameTable.FLAGS, (int) (kind >>> Integer.SIZE));
  }

  private void tell(Steps.Kind kind, long pfn) {
    if (stepped) {
      steps.folio(kind, pfn);
    }
  }
}
