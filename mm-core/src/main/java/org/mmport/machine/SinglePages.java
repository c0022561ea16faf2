package org.mmport.machine;

import static org.mmport.machine.FrameTable.ALL;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Anonymous folios of one frame each, which nearly all pages of a process are, for those who come
 * by many of them and keep out whoever else could count them. What is said of one is said by its
 * kind and counts in {@link FrameTable} alone, and told by one look at these; and counts are read,
 * checked and stored, not exchanged: an atomic change costs more than all else that a fork does for
 * a page. Pages of which the same is said, as of most that follow each other, are looked at and
 * counted many at a time. What is none of these, {@link Folios} knows what to do with.
 */
public final class SinglePages {
  /** What the block is, and flags. */
  private static final ValueLayout.OfLong KINDS =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final ValueLayout.OfLong COUNTS = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfInt FLAGS = ValueLayout.JAVA_INT_UNALIGNED;

  /** Of fewer pages it takes longer to look whether they are alike. */
  private static final int FEW = 8;

  private static final long ANON = flags(PageFlag.ANON.bit());
  private static final long EXCLUSIVE = flags(PageFlag.ANON_EXCLUSIVE.bit());
  private static final long DIRTY = flags(PageFlag.DIRTY.bit());
  private static final long OWNERS = ANON | EXCLUSIVE;
  private static final long HELD = flags(FolioCounts.NOT_WHEN_FREED);

  /** What is looked at of the kind of one, whether it is in a cache too, and what it must be. */
  private static final long SINGLE = FrameTable.BLOCK_KIND | ANON;

  private static final long UNCACHED = SINGLE | HELD;
  private static final long IS_SINGLE = FrameTable.ALLOCATED_HEAD | ANON;

  private static final long ONE_MAP = FolioFields.counts(0, 1);
  private static final long ONE_REFERENCE = FolioFields.counts(1, 0);
  private static final long ONE_MAPPING = FolioFields.counts(1, 1);

  private final Folios folios;
  private final FrameTable frames;
  private final FrameAllocator allocator;
  private final Steps steps;
  private final boolean stepped;

  /** What a page must be marked as to be counted by stores. */
  private final long ours;

  private SinglePages(Folios folios, FrameAllocator allocator, long ours) {
    this.folios = folios;
    this.allocator = allocator;
    this.frames = allocator.frames();
    this.steps = allocator.memory().steps();
    this.stepped = !steps.equals(Steps.NONE);
    this.ours = ours;
  }

  /** For whoever has the machine alone. */
  public static SinglePages ofMachine(Folios folios, FrameAllocator frames) {
    return new SinglePages(folios, frames, 0);
  }

  /**
   * For whoever has a process alone. Nobody else gets to those that are known to be its own but by
   * the lists of reclaim, which has the machine alone; others, as a child's that its parent has
   * too, are counted atomically.
   */
  public static SinglePages ofOneProcess(Folios folios, FrameAllocator frames) {
    return new SinglePages(folios, frames, EXCLUSIVE);
  }

  private static long flags(int bits) {
    return (long) bits << Integer.SIZE;
  }

  /** Whether a page that an entry maps is such a page, which {@link #tryDup} may take. */
  public boolean isSingle(long pfn) {
    return frames.contains(pfn) && (ALL.get(KINDS, frames.kind(pfn)) & SINGLE) == IS_SINGLE;
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
      long owners = ALL.get(KINDS, frames.kind(pfn + done)) & OWNERS;
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
    boolean exclusive = (owners & EXCLUSIVE) != 0;
    long alike = FrameTable.BLOCK_KIND | OWNERS;
    long like = FrameTable.ALLOCATED_HEAD | ANON | (owners & EXCLUSIVE);
    int refs = exclusive ? Folios.GUP_PIN_COUNTING_BIAS : Integer.MAX_VALUE;
    if (nr >= FEW) {
      MemorySegment kinds = frames.kinds(pfn, nr);
      MemorySegment counts = frames.counts(pfn, nr);
      long first = count(counts, 0);
      if (isBelow(first, refs) && areAlike(kinds, alike, like, counts, first, nr)) {
        if (exclusive) {
          clear(kinds, EXCLUSIVE, nr);
        }
        fill(counts, first + ONE_MAPPING, nr);
        return nr;
      }
    }
    boolean told = stepped;
    for (int i = 0; i < nr; i++) {
      long kind = ALL.get(KINDS, frames.kind(pfn + i));
      if ((kind & alike) != like) {
        return i;
      }
      if (told) {
        steps.folio(Steps.Kind.LOAD, pfn + i);
      }
      long count = ALL.get(COUNTS, frames.counts(pfn + i));
      if (!isBelow(count, refs)) {
        return i;
      }
      if (exclusive) {
        setFlags(pfn + i, kind & ~EXCLUSIVE);
      }
      setCounts(told, pfn + i, count + ONE_MAPPING);
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
    return frames.contains(pfn)
        && isMapped(ALL.get(KINDS, frames.kind(pfn)), ALL.get(COUNTS, frames.counts(pfn)));
  }

  private static boolean isMapped(long kind, long counts) {
    return (kind & UNCACHED) == IS_SINGLE && FolioFields.maps(counts) > 0;
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
    long marks = dirty ? DIRTY : 0;
    if (known >= FEW && unmapAlike(pfn, known, marks)) {
      return known;
    }
    for (int i = 0; i < known; i++) {
      if (!tryUnmap(pfn + i, marks)) {
        return i;
      }
    }
    return known;
  }

  private boolean unmapAlike(long pfn, int nr, long marks) {
    MemorySegment kinds = frames.kinds(pfn, nr);
    MemorySegment counts = frames.counts(pfn, nr);
    long kind = kind(kinds, 0);
    long count = count(counts, 0);
    long alike = UNCACHED | ours | marks;
    if (!isMapped(kind, count)
        || (kind & ours) != ours
        || !areAlike(kinds, alike, kind & alike, counts, count, nr)) {
      return false;
    }
    if ((kind & marks) != marks) {
      set(kinds, marks, nr);
    }
    fill(counts, count - ONE_MAP, nr);
    return true;
  }

  private boolean tryUnmap(long pfn, long marks) {
    long kind = ALL.get(KINDS, frames.kind(pfn));
    long count = ALL.get(COUNTS, frames.counts(pfn));
    if (!isMapped(kind, count)) {
      return false;
    }
    if ((kind & ours) != ours) {
      if ((kind & marks) != marks) {
        folios.set(pfn, PageFlag.DIRTY);
      }
      folios.unmapPages(pfn, 1);
      return true;
    }
    boolean told = stepped;
    if (told) {
      steps.folio(Steps.Kind.LOAD, pfn);
    }
    if ((kind & marks) != marks) {
      setFlags(pfn, kind | marks);
    }
    setCounts(told, pfn, count - ONE_MAP);
    return true;
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
        int others = ours == 0 ? unrefOther(pfn, nr) : 0;
        // Refused, or for whoever put it into a cache since, or counted by others too.
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
    if (!isLast(pfn)) {
      return 0;
    }
    if (nr >= FEW) {
      MemorySegment kinds = frames.kinds(pfn, nr);
      MemorySegment counts = frames.counts(pfn, nr);
      if (areAlike(kinds, HELD, 0, counts, ONE_REFERENCE, nr)) {
        fill(kinds, FrameTable.IN_NO_BLOCK, nr);
        fill(counts, 0, nr);
        return nr;
      }
    }
    boolean told = stepped;
    for (int i = 0; i < nr; i++) {
      if (!isLast(pfn + i)) {
        return i;
      }
      if (told) {
        steps.folio(Steps.Kind.LOAD, pfn + i);
        steps.folio(Steps.Kind.STORE, pfn + i);
      }
      ALL.set(KINDS, frames.kind(pfn + i), FrameTable.IN_NO_BLOCK);
      setCounts(told, pfn + i, 0);
    }
    return nr;
  }

  private boolean isLast(long pfn) {
    return (ALL.get(KINDS, frames.kind(pfn)) & HELD) == 0
        && ALL.get(COUNTS, frames.counts(pfn)) == ONE_REFERENCE;
  }

  private void free(long first, long end) {
    if (first < end) {
      allocator.freePages(first, end);
      folios.allocated.add(first - end);
    }
  }

  /** The same of references that are not the last, up to the first that is, or is to stay. */
  private int unrefOther(long pfn, int nr) {
    if (nr >= FEW) {
      MemorySegment kinds = frames.kinds(pfn, nr);
      MemorySegment counts = frames.counts(pfn, nr);
      long first = count(counts, 0);
      if (isOneOfMore(first) && areAlike(kinds, HELD, 0, counts, first, nr)) {
        fill(counts, first - ONE_REFERENCE, nr);
        return nr;
      }
    }
    boolean told = stepped;
    for (int i = 0; i < nr; i++) {
      long count = ALL.get(COUNTS, frames.counts(pfn + i));
      if ((ALL.get(KINDS, frames.kind(pfn + i)) & HELD) != 0 || !isOneOfMore(count)) {
        return i;
      }
      if (told) {
        steps.folio(Steps.Kind.LOAD, pfn + i);
      }
      setCounts(told, pfn + i, count - ONE_REFERENCE);
    }
    return nr;
  }

  /** Whether a reference may be given back that is not the last, and no PTE's. */
  private static boolean isOneOfMore(long counts) {
    return counts != ONE_REFERENCE && FolioFields.refs(counts) > FolioFields.maps(counts);
  }

  /**
   * Whether many pages are alike, and nobody is told of each: then loops without a branch, which
   * the JIT makes wide ones of, do what the loop over each does.
   */
  private boolean areAlike(
      MemorySegment kinds, long mask, long kind, MemorySegment counts, long count, int nr) {
    return !stepped && areAll(kinds, mask, kind, nr) && areAll(counts, -1, count, nr);
  }

  private static boolean areAll(MemorySegment longs, long mask, long wanted, int nr) {
    long differing = 0;
    for (int i = 0; i < nr; i++) {
      differing |= (longs.get(COUNTS, i * (long) Long.BYTES) ^ wanted) & mask;
    }
    return differing == 0;
  }

  private static void fill(MemorySegment longs, long value, int nr) {
    for (int i = 0; i < nr; i++) {
      longs.set(COUNTS, i * (long) Long.BYTES, value);
    }
  }

  private static void set(MemorySegment kinds, long flags, int nr) {
    for (int i = 0; i < nr; i++) {
      kinds.set(KINDS, i * (long) Long.BYTES, kinds.get(KINDS, i * (long) Long.BYTES) | flags);
    }
  }

  private static void clear(MemorySegment kinds, long flags, int nr) {
    for (int i = 0; i < nr; i++) {
      kinds.set(KINDS, i * (long) Long.BYTES, kinds.get(KINDS, i * (long) Long.BYTES) & ~flags);
    }
  }

  private static long kind(MemorySegment kinds, int i) {
    return kinds.get(KINDS, i * (long) Long.BYTES);
  }

  private static long count(MemorySegment counts, int i) {
    return counts.get(COUNTS, i * (long) Long.BYTES);
  }

  private void setCounts(boolean told, long pfn, long count) {
    if (told) {
      steps.folio(Steps.Kind.STORE, pfn);
    }
    ALL.set(COUNTS, frames.counts(pfn), count);
  }

  private void setFlags(long pfn, long kind) {
    if (stepped) {
      steps.folio(Steps.Kind.STORE, pfn);
    }
    ALL.set(FLAGS, frames.kind(pfn) + FrameTable.FLAGS, (int) (kind >>> Integer.SIZE));
  }
}
