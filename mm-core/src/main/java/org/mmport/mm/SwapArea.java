package org.mmport.mm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.mmport.spi.InvalidRequestException;

/**
 * A swap area: slots of one page, each with a count of those who use it ({@code swap_map}), which
 * are the entries of page tables that name it and the swap cache. Slots count from 1: slot 0 is the
 * header's, as in Linux, so that no entry is all zeros.
 *
 * <p>Any number of threads may call everything. The lock inside is the last in order. Refused
 * requests leave everything as it was.
 */
public final class SwapArea {
  private final int pageBytes;
  private final int[] uses;
  private final BitSet used = new BitSet();
  private final Map<Integer, byte[]> pages = new HashMap<>();
  private int lastTaken;

  /**
   * @param pageShift log2 of the bytes of a page
   * @param slots how many pages it holds, 1 or more
   */
  public SwapArea(int pageShift, int slots) {
    if (slots < 1 || slots == Integer.MAX_VALUE) {
      throw new InvalidRequestException("swap area of " + slots + " slots: must be 1 to 2^31 - 2");
    }
    this.pageBytes = 1 << pageShift;
    this.uses = new int[slots + 1];
  }

  /** How many pages it holds. */
  public int slots() {
    return uses.length - 1;
  }

  /** Slots with users. */
  public synchronized int usedSlots() {
    return used.cardinality();
  }

  /**
   * A slot for one user. Slots are taken in turn, so that pages swapped out together lie together.
   *
   * @throws OutOfSwapException when all are used
   */
  public synchronized int alloc() {
    int slot = used.nextClearBit(lastTaken + 1);
    if (slot > slots()) {
      slot = used.nextClearBit(1);
    }
    if (slot > slots()) {
      throw new OutOfSwapException(
          "swap area: all %d slots are used; give it more".formatted(slots()));
    }
    lastTaken = slot;
    used.set(slot);
    uses[slot] = 1;
    return slot;
  }

  /** More users of a slot that has some, as fork makes them. */
  public synchronized void dup(int slot, int users) {
    int now = requireUsed(slot);
    requirePositive(users);
    if (now > Integer.MAX_VALUE - users) {
      throw new InvalidRequestException(
          "swap slot %d: has %d users, %d more would not fit".formatted(slot, now, users));
    }
    uses[slot] = now + users;
  }

  /**
   * Fewer users of a slot. With the last its page is forgotten.
   *
   * @return whether it was the last
   */
  public synchronized boolean free(int slot, int users) {
    int now = requireUsed(slot);
    requirePositive(users);
    if (users > now) {
      throw new InvalidRequestException(
          "swap slot %d: has %d users, not %d".formatted(slot, now, users));
    }
    uses[slot] = now - users;
    if (users < now) {
      return false;
    }
    used.clear(slot);
    pages.remove(slot);
    return true;
  }

  /** Users of a slot; 0 when it is free. */
  public synchronized int useCount(int slot) {
    return uses[requireSlot(slot)];
  }

  /** Keeps a page in a slot that has users. */
  public synchronized void write(int slot, MemorySegment from) {
    requireUsed(slot);
    requirePage(from);
    pages.put(slot, from.toArray(JAVA_BYTE));
  }

  /** Fills a page with what a slot keeps. Refused when nothing was written since it was taken. */
  public synchronized void read(int slot, MemorySegment to) {
    requireUsed(slot);
    requirePage(to);
    byte[] page = pages.get(slot);
    if (page == null) {
      throw new InvalidRequestException("swap slot " + slot + ": nothing was written to it");
    }
    MemorySegment.copy(page, 0, to, JAVA_BYTE, 0, pageBytes);
  }

  private int requireSlot(int slot) {
    if (slot < 1 || slot > slots()) {
      throw new InvalidRequestException("swap slot " + slot + ": must be 1 to " + slots());
    }
    return slot;
  }

  private int requireUsed(int slot) {
    int now = uses[requireSlot(slot)];
    if (now == 0) {
      throw new InvalidRequestException("swap slot " + slot + ": is free");
    }
    return now;
  }

  private void requirePage(MemorySegment page) {
    if (page.byteSize() != pageBytes) {
      throw new InvalidRequestException(
          "swap of %d bytes: must be a page of %d".formatted(page.byteSize(), pageBytes));
    }
  }

  private static void requirePositive(int users) {
    if (users < 1) {
      throw new InvalidRequestException(users + " users of a swap slot: must be 1 or more");
    }
  }
}
