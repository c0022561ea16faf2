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

  private static final long ONE_MAP = FolioFields.counts(0, 1);
  private static final long ONE_REFERENCE = FolioFields.counts(1, 0);
  private static final long ONE_MAPPING = FolioFields.counts(1, 1);

  private final Folios folios;
  private final FrameTable frames;
  private final FrameAllocator allocator;
  private final Steps steps;
  private final boolean stepped;

  /** What is looked at of a kind, and what it must be. */
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
    MemorySegment kinds = frames.kinds(pfn, nr);
    MemorySegment counts = frames.counts(pfn, nr);
    boolean exclusive = (owners & EXCLUSIVE) != 0;
    long alike = FrameTable.BLOCK_KIND | OWNERS;
    long like = FrameTable.ALLOCATED_HEAD | ANON | (owners & EXCLUSIVE);
    int refs = exclusive ? Folios.GUP_PIN_COUNTING_BIAS : Integer.MAX_VALUE;
    long first = count(counts, 0);
    if (isBelow(first, refs) && areAlike(kinds, alike, like, counts, first, nr)) {
      if (exclusive) {
        clear(kinds, EXCLUSIVE, nr);
      }
      fill(counts, first + ONE_MAPPING, nr);
      return nr;
    }
    boolean told = stepped;
    for (int i = 0; i < nr; i++) {
      long kind = kind(kinds, i);
      if ((kind & alike) != like) {
        return i;
      }
      if (told) {
        steps.folio(Steps.Kind.LOAD, pfn + i);
      }
      long count = count(counts, i);
      if (!isBelow(count, refs)) {
        return i;
      }
      if (exclusive) {
        setFlags(kinds, i, pfn, kind & ~EXCLUSIVE);
      }
      if (told) {
        steps.folio(Steps.Kind.STORE, pfn + i);
      }
      setCount(counts, i, count + ONE_MAPPING);
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
    return isMapped(kind(frames.kinds(pfn, 1), 0), count(frames.counts(pfn, 1), 0));
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
    MemorySegment kinds = frames.kinds(pfn, known);
    MemorySegment counts = frames.counts(pfn, known);
    long marks = dirty ? DIRTY : 0;
    long firstKind = kind(kinds, 0);
    long first = count(counts, 0);
    long alike = mask | marks;
    if (isMapped(firstKind, first)
        && areAlike(kinds, alike, firstKind & alike, counts, first, known)) {
      if ((firstKind & marks) != marks) {
        set(kinds, marks, known);
      }
      fill(counts, first - ONE_MAP, known);
      return known;
    }
    boolean told = stepped;
    for (int i = 0; i < known; i++) {
      long kind = kind(kinds, i);
      long count = count(counts, i);
      if (!isMapped(kind, count)) {
        return i;
      }
      if (told) {
        steps.folio(Steps.Kind.LOAD, pfn + i);
      }
      if ((kind & marks) != marks) {
        setFlags(kinds, i, pfn, kind | marks);
      }
      if (told) {
        steps.folio(Steps.Kind.STORE, pfn + i);
      }
      setCount(counts, i, count - ONE_MAP);
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
    MemorySegment kinds = frames.kinds(pfn, nr);
    MemorySegment counts = frames.counts(pfn, nr);
    if (areAlike(kinds, HELD, 0, counts, ONE_REFERENCE, nr)) {
      fill(kinds, FrameTable.IN_NO_BLOCK, nr);
      fill(counts, 0, nr);
      return nr;
    }
    boolean told = stepped;
    for (int i = 0; i < nr; i++) {
      if ((kind(kinds, i) & HELD) != 0 || count(counts, i) != ONE_REFERENCE) {
        return i;
      }
      if (told) {
        steps.folio(Steps.Kind.LOAD, pfn + i);
        steps.folio(Steps.Kind.STORE, pfn + i);
      }
      kinds.setAtIndex(KINDS, i, FrameTable.IN_NO_BLOCK);
      if (told) {
        steps.folio(Steps.Kind.STORE, pfn + i);
      }
      setCount(counts, i, 0);
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
    MemorySegment kinds = frames.kinds(pfn, nr);
    MemorySegment counts = frames.counts(pfn, nr);
    long first = count(counts, 0);
    if (isOneOfMore(first) && areAlike(kinds, HELD, 0, counts, first, nr)) {
      fill(counts, first - ONE_REFERENCE, nr);
      return nr;
    }
    boolean told = stepped;
    for (int i = 0; i < nr; i++) {
      long count = count(counts, i);
      if ((kind(kinds, i) & HELD) != 0 || !isOneOfMore(count)) {
        return i;
      }
      if (told) {
        steps.folio(Steps.Kind.LOAD, pfn + i);
        steps.folio(Steps.Kind.STORE, pfn + i);
      }
      setCount(counts, i, count - ONE_REFERENCE);
    }
    return nr;
  }

  /** Whether a reference may be given back that is not the last, and no PTE's. */
  private static boolean isOneOfMore(long counts) {
    return counts != ONE_REFERENCE && FolioFields.refs(counts) > FolioFields.maps(counts);
  }

  /**
   * Whether these are many pages that are alike, and nobody is told of each: then loops without a
   * branch, which the JIT makes wide ones of, do what the loop over each does.
   */
  private boolean areAlike(
      MemorySegment kinds, long mask, long kind, MemorySegment counts, long count, int nr) {
    return nr >= FEW && !stepped && areAll(kinds, mask, kind, nr) && areAll(counts, -1, count, nr);
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

  private static void setCount(MemorySegment counts, int i, long count) {
    counts.set(COUNTS, i * (long) Long.BYTES, count);
  }

  private void setFlags(MemorySegment kinds, int i, long pfn, long kind) {
    if (stepped) {
      steps.folio(Steps.Kind.STORE, pfn + i);
    }
    long flags = i * (long) FrameTable.KIND_BYTES + FrameTable.FLAGS;
    kinds.set(FLAGS, flags, (int) (kind >>> Integer.SIZE));
  }
}
