package org.mmport.machine;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;

/**
 * Frames of a machine in a row, each at most once, by links beside their records: what {@code
 * struct page.lru} is to Linux. It knows nothing of what frames are used for, and stays as it is
 * when they are freed. For one thread at a time.
 */
public final class FrameQueue {
  private static final long LINKS_BYTES = 2L * Long.BYTES;
  private static final long NEXT = 0;
  private static final long PREVIOUS = Long.BYTES;

  /** What a frame that is not in the row has in the place of links: no place has this number. */
  private static final long NOWHERE = 0;

  /** The place before the first frame and behind the last. */
  private static final long ENDS = 1;

  private static final long FIRST_FRAME = 2;

  private final MemorySegment links;
  private final long firstPfn;
  private long size;

  FrameQueue(PhysicalMemory memory, FrameTable frames) {
    this.links = memory.mapBeside((frames.count() + FIRST_FRAME) * LINKS_BYTES);
    this.firstPfn = frames.firstPfn();
    link(ENDS, ENDS);
  }

  /** Puts a frame last, wherever it was. */
  public void addLast(long pfn) {
    long place = take(pfn);
    insert(get(ENDS, PREVIOUS), place, ENDS);
  }

  /** Puts a frame first, wherever it was. */
  public void addFirst(long pfn) {
    long place = take(pfn);
    insert(ENDS, place, get(ENDS, NEXT));
  }

  /** Takes the first. */
  public OptionalLong poll() {
    long place = get(ENDS, NEXT);
    if (place == ENDS) {
      return OptionalLong.empty();
    }
    remove(place);
    return OptionalLong.of(place - FIRST_FRAME + firstPfn);
  }

  /** How many frames there are in it. */
  public long size() {
    return size;
  }

  /** A frame's place, with nothing there. */
  private long take(long pfn) {
    long place = pfn - firstPfn + FIRST_FRAME;
    if (get(place, NEXT) != NOWHERE) {
      remove(place);
    }
    return place;
  }

  private void insert(long before, long place, long behind) {
    link(before, place);
    link(place, behind);
    size++;
  }

  private void remove(long place) {
    link(get(place, PREVIOUS), get(place, NEXT));
    links.set(JAVA_LONG, place * LINKS_BYTES + NEXT, NOWHERE);
    size--;
  }

  private void link(long place, long behind) {
    links.set(JAVA_LONG, place * LINKS_BYTES + NEXT, behind);
    links.set(JAVA_LONG, behind * LINKS_BYTES + PREVIOUS, place);
  }

  private long get(long place, long link) {
    return links.get(JAVA_LONG, place * LINKS_BYTES + link);
  }
}
