package org.mmport.replay;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.PagingGeometry;

/**
 * Where the addresses of a trace are on a variant: in the same place, as far as the user's
 * addresses reach. What lies beyond is brought in by windows, each as large as what one entry of
 * some level covers and aligned to it. So within a window every distance stays, and everything that
 * ends or begins at a table of that level or below it. Neighbouring windows stay neighbours where
 * there is room.
 */
final class Carry {
  /** So many windows at least, if any level has entries that small. */
  private static final int MIN_WINDOWS = 256;

  private static final int CACHED = 8;

  private final PagingGeometry geometry;
  private final int shift;
  private final int slots;
  private final Map<Long, Integer> slotByWindow;
  private final BitSet taken;

  /** The last windows that were asked for, by their lowest bits. */
  private final long[] cachedWindows = new long[CACHED];

  private final int[] cachedSlots = new int[CACHED];

  Carry(PagingGeometry geometry) {
    this(geometry, new HashMap<>(), new BitSet());
  }

  private Carry(PagingGeometry geometry, Map<Long, Integer> slotByWindow, BitSet taken) {
    this.geometry = geometry;
    long lastVa = geometry.vaLayout().userRegion().lastVa();
    this.shift = windowShift(geometry, lastVa);
    this.slots = (int) Math.min(Integer.MAX_VALUE, (lastVa + 1) >>> shift);
    this.slotByWindow = slotByWindow;
    this.taken = taken;
    java.util.Arrays.fill(cachedWindows, -1);
  }

  private static int windowShift(PagingGeometry geometry, long lastVa) {
    int smallest = geometry.pageShift();
    for (LevelGeometry at : geometry.levels()) {
      if (!at.isFolded() && at.level() != Level.PTE) {
        smallest = geometry.shift(at.level());
        if ((lastVa + 1) >>> smallest >= MIN_WINDOWS) {
          return smallest;
        }
      }
    }
    return smallest;
  }

  /** The same for a child. */
  Carry copy() {
    return new Carry(geometry, new HashMap<>(slotByWindow), (BitSet) taken.clone());
  }

  /**
   * A part of a range that stays in one piece.
   *
   * @param tracedVa its first address in the trace
   * @param va and here
   */
  record Piece(long tracedVa, long va, long bytes) {}

  /**
   * Where an address is.
   *
   * @throws InvalidRequestException where it lies beyond the variant's addresses and there is no
   *     room left for it
   */
  long va(long tracedVa) {
    long window = tracedVa >>> shift;
    int at = (int) window & CACHED - 1;
    if (cachedWindows[at] != window) {
      cachedSlots[at] = slot(window);
      cachedWindows[at] = window;
    }
    return ((long) cachedSlots[at] << shift) + (tracedVa & (1L << shift) - 1);
  }

  /** Whether an address lies in the same place. */
  boolean isMoved(long tracedVa) {
    return va(tracedVa) != tracedVa;
  }

  /**
   * Where a range is, in as few pieces as there are.
   *
   * @throws InvalidRequestException as above; nothing of it has a place then that it had not
   */
  List<Piece> pieces(long tracedVa, long bytes) {
    requireRoom(tracedVa, bytes);
    List<Piece> pieces = new ArrayList<>();
    long from = tracedVa;
    long left = bytes;
    while (left != 0) {
      long here = (1L << shift) - (from & (1L << shift) - 1);
      long length = Long.compareUnsigned(here, left) < 0 ? here : left;
      Piece before = pieces.isEmpty() ? new Piece(0, -1, 0) : pieces.getLast();
      long va = va(from);
      if (before.va() + before.bytes() == va && !pieces.isEmpty()) {
        pieces.removeLast();
        pieces.add(new Piece(before.tracedVa(), before.va(), before.bytes() + length));
      } else {
        pieces.add(new Piece(from, va, length));
      }
      from += length;
      left -= length;
    }
    return pieces;
  }

  private void requireRoom(long tracedVa, long bytes) {
    long last = tracedVa + bytes - 1;
    long windows = (last >>> shift) - (tracedVa >>> shift) + 1;
    if (Long.compareUnsigned(last, tracedVa) < 0 || windows > slots) {
      throw noRoom();
    }
    long missing = 0;
    for (long window = tracedVa >>> shift; window <= last >>> shift; window++) {
      missing += slotByWindow.containsKey(window) ? 0 : 1;
    }
    if (missing > slots - taken.cardinality()) {
      throw noRoom();
    }
  }

  private InvalidRequestException noRoom() {
    return new InvalidRequestException(
        "no room among user addresses of %d bits"
            .formatted(64 - Long.numberOfLeadingZeros(geometry.vaLayout().userRegion().lastVa())));
  }

  private int slot(long window) {
    Integer known = slotByWindow.get(window);
    if (known != null) {
      return known;
    }
    int slot = choose(window);
    slotByWindow.put(window, slot);
    taken.set(slot);
    return slot;
  }

  private int choose(long window) {
    if (window < slots && !taken.get((int) window)) {
      return (int) window;
    }
    Integer below = slotByWindow.get(window - 1);
    if (below != null && below + 1 < slots && !taken.get(below + 1)) {
      return below + 1;
    }
    Integer above = slotByWindow.get(window + 1);
    if (above != null && above > 0 && !taken.get(above - 1)) {
      return above - 1;
    }
    return middleOfLargestGap();
  }

  /** There it may have neighbours on both sides. */
  private int middleOfLargestGap() {
    int bestFrom = 0;
    int bestLength = 0;
    for (int from = taken.nextClearBit(0); from < slots; ) {
      int set = taken.nextSetBit(from);
      int to = set < 0 ? slots : Math.min(set, slots);
      if (to - from > bestLength) {
        bestFrom = from;
        bestLength = to - from;
      }
      from = taken.nextClearBit(to);
    }
    if (bestLength == 0) {
      throw noRoom();
    }
    return bestFrom + bestLength / 2;
  }
}
