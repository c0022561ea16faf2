package org.mmport.machine;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.mmport.machine.FrameTable.ALL;

import java.lang.foreign.MemorySegment;
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

  /** The same where records follow each other: the JIT need not see that each is aligned. */
  private static final ValueLayout.OfLong KINDS = KIND.withByteAlignment(1);

  private static final ValueLayout.OfLong LONGS = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfInt INTS = ValueLayout.JAVA_INT_UNALIGNED;

  private static final long ANON = flags(PageFlag.ANON.bit());
  private static final long EXCLUSIVE = flags(PageFlag.ANON_EXCLUSIVE.bit());
  private static final long DIRTY = flags(PageFlag.DIRTY.bit());
  private static final long OWNERS = ANON | EXCLUSIVE;
  private static final long HELD = flags(FolioCounts.NOT_WHEN_FREED);

  private static final long ONE_MAP = FolioFields.counts(0, 1);
  private static final long ONE_REFERENCE = FolioFields.counts(1, 0);
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
   * Lets one more process have pages in a row that entries map: they are nobody's own from then on,
   * and have one reference and one PTE more, both at once (R4.5). For whoever has the machine
   * alone.
   *
   * @param nr 1 or more
   * @return how many: all up to the first that is not such a page, may be pinned while it is one
   *     process's own, or has as many references as there may be
   */
  public int tryDup(long pfn, int nr) {
    int known = frames.known(pfn, nr);
    int done = 0;
    while (done < known) {
      long owners = ALL.get(KIND, frames.record(pfn + done)) & OWNERS;
      int alike = tryDup(pfn + done, known - done, owners);
      if (alike == 0) {
        return done;
      }
      done += alike;
    }
    return done;
  }

  /** The same, up to the first of which not the same is known about its owners. */
  private int tryDup(long pfn, int nr, long owners) {
    MemorySegment records = frames.records(pfn, nr);
    boolean told = stepped;
    boolean exclusive = (owners & EXCLUSIVE) != 0;
    long kinds = FrameTable.ALLOCATED_HEAD | ANON | (owners & EXCLUSIVE);
    int refs = exclusive ? Folios.GUP_PIN_COUNTING_BIAS : Integer.MAX_VALUE;
    for (int i = 0; i < nr; i++) {
      long record = i * (long) FrameTable.RECORD_BYTES;
      long kind = records.get(KINDS, record);
      if ((kind & (FrameTable.BLOCK_KIND | OWNERS)) != kinds) {
        return i;
      }
      if (told) {
        steps.folio(Steps.Kind.LOAD, pfn + i);
      }
      long counts = records.get(LONGS, record + FrameTable.COUNTS);
      if (!isBelow(counts, refs)) {
        return i;
      }
      if (exclusive) {
        setFlags(records, record, pfn + i, kind & ~EXCLUSIVE);
      }
      if (told) {
        steps.folio(Steps.Kind.STORE, pfn + i);
      }
      records.set(LONGS, record + FrameTable.COUNTS, counts + ONE_MAPPING);
    }
    return nr;
  }

  /** Whether there is one reference or more, but fewer than that. */
  private static boolean isBelow(long counts, int refs) {
    return Integer.compareUnsigned(FolioFields.refs(counts) - 1, refs - 1) < 0;
  }

  /**
   * Whether a page that an entry maps is such a page, and in no cache: then {@link #tryUnmap} takes
   * it.
   */
  public boolean isMapped(long pfn) {
    if (!frames.contains(pfn)) {
      return false;
    }
    MemorySegment record = frames.records(pfn, 1);
    return isMapped(record.get(KINDS, 0), record.get(LONGS, FrameTable.COUNTS));
  }

  private boolean isMapped(long kind, long counts) {
    return (kind & mask) == wanted && FolioFields.maps(counts) > 0;
  }

  /**
   * One PTE less maps each of pages in a row that entries map, or mapped until now; their
   * references are given back by {@link #unref}.
   *
   * @param nr 1 or more
   * @param dirty whether somebody wrote by it
   * @return how many: all up to the first that is not such a page, or is in a cache
   */
  public int tryUnmap(long pfn, int nr, boolean dirty) {
    int known = frames.known(pfn, nr);
    if (known == 0) {
      return 0;
    }
    MemorySegment records = frames.records(pfn, known);
    boolean told = stepped;
    long marks = dirty ? DIRTY : 0;
    for (int i = 0; i < known; i++) {
      long record = i * (long) FrameTable.RECORD_BYTES;
      long kind = records.get(KINDS, record);
      long counts = records.get(LONGS, record + FrameTable.COUNTS);
      if (!isMapped(kind, counts)) {
        return i;
      }
      if (told) {
        steps.folio(Steps.Kind.LOAD, pfn + i);
      }
      if ((kind & marks) != marks) {
        setFlags(records, record, pfn + i, kind | marks);
      }
      if (told) {
        steps.folio(Steps.Kind.STORE, pfn + i);
      }
      records.set(LONGS, record + FrameTable.COUNTS, counts - ONE_MAP);
    }
    return known;
  }

  /**
   * Gives a reference to each of such pages back, the rows that came last first, and those that
   * have no other then, frames in a row together.
   *
   * @throws org.mmport.spi.InvalidRequestException where a page has none to give back; those that
   *     come after it are still in their rows
   */
  public void unref(PageRows pages) {
    while (!pages.isEmpty()) {
      long pfn = pages.lastFirst();
      int nr = pages.lastLength();
      int last = unrefLast(pfn, nr);
      pages.removeFromLast(last);
      free(pfn, pfn + last);
      if (last == 0) {
        int others = unrefOther(pfn, nr);
        // Refused, or for whoever put it into a cache since.
        pages.removeFromLast(Math.max(1, others));
        if (others == 0) {
          folios.unref(pfn, 1);
        }
      }
    }
  }

  /**
   * Gives the last reference of each of pages in a row back, and has their frames be in no block:
   * all up to the first that has others, or is to stay. Returns how many.
   */
  private int unrefLast(long pfn, int nr) {
    MemorySegment records = frames.records(pfn, nr);
    boolean told = stepped;
    for (int i = 0; i < nr; i++) {
      long record = i * (long) FrameTable.RECORD_BYTES;
      long kind = records.get(KINDS, record);
      long counts = records.get(LONGS, record + FrameTable.COUNTS);
      if ((kind & HELD) != 0 || counts != ONE_REFERENCE) {
        return i;
      }
      if (told) {
        steps.folio(Steps.Kind.LOAD, pfn + i);
        steps.folio(Steps.Kind.STORE, pfn + i);
      }
      records.set(LONGS, record, FrameTable.IN_NO_BLOCK);
      if (told) {
        steps.folio(Steps.Kind.STORE, pfn + i);
      }
      records.set(LONGS, record + FrameTable.COUNTS, 0);
    }
    return nr;
  }

  private void free(long first, long end) {
    if (first < end) {
      allocator.freePages(first, end);
      folios.allocated.add(first - end);
    }
  }

  /** The same of references that are not the last, up to the first that is, or is to stay. */
  private int unrefOther(long pfn, int nr) {
    MemorySegment records = frames.records(pfn, nr);
    boolean told = stepped;
    for (int i = 0; i < nr; i++) {
      long record = i * (long) FrameTable.RECORD_BYTES;
      long kind = records.get(KINDS, record);
      long counts = records.get(LONGS, record + FrameTable.COUNTS);
      if ((kind & HELD) != 0
          || counts == ONE_REFERENCE
          || FolioFields.refs(counts) <= FolioFields.maps(counts)) {
        return i;
      }
      if (told) {
        steps.folio(Steps.Kind.LOAD, pfn + i);
        steps.folio(Steps.Kind.STORE, pfn + i);
      }
      records.set(LONGS, record + FrameTable.COUNTS, counts - 1);
    }
    return nr;
  }

  private void setFlags(MemorySegment records, long record, long pfn, long kind) {
    tell(Steps.Kind.STORE, pfn);
    records.set(INTS, record + FrameTable.FLAGS, (int) (kind >>> Integer.SIZE));
  }

  private void tell(Steps.Kind kind, long pfn) {
    if (stepped) {
      steps.folio(kind, pfn);
    }
  }
}
