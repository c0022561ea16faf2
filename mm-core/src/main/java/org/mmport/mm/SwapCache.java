package org.mmport.mm;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import org.mmport.machine.Folios;
import org.mmport.machine.LockRank;
import org.mmport.machine.PageFlag;
import org.mmport.spi.InvalidRequestException;

/**
 * Pages that are in memory and have a slot in the swap area too, so that all who share one find the
 * same page: Linux's swap cache. It holds one reference to the page and one use of the slot.
 *
 * <p>Pages come to it by those who keep all others out. Whoever unmaps some beside others only
 * takes pages out, by {@link #freeEntry} and {@link #unmapped}.
 */
final class SwapCache {
  private final Folios folios;
  private final SwapEntries entries;
  private final ReentrantLock lock;
  private final Map<Integer, Long> pfnBySlot = new HashMap<>();
  private final Map<Long, Integer> slotByPfn = new HashMap<>();
  private Optional<SwapArea> area = Optional.empty();
  private boolean taking = true;
  private volatile int pages;

  SwapCache(Folios folios, SwapEntries entries) {
    this.folios = folios;
    this.entries = entries;
    this.lock = folios.newLock(LockRank.SWAP_CACHE, 0);
  }

  /** {@code swapon()}. */
  void use(SwapArea newArea) {
    if (area.isPresent()) {
      throw new InvalidRequestException("swap area: there is one already; make it larger");
    }
    if (newArea.slots() > entries.slots()) {
      throw new InvalidRequestException(
          "swap area of %d slots: entries can name %d; make it smaller"
              .formatted(newArea.slots(), entries.slots()));
    }
    area = Optional.of(newArea);
  }

  /** No page goes to the area from now on, while it is emptied ({@code del_from_avail_list()}). */
  void takeNoPages() {
    taking = false;
  }

  void takePages() {
    taking = true;
  }

  /** Whether there is an area that pages may go to. */
  boolean takesPages() {
    return taking && area.isPresent();
  }

  /** Takes pages out whose slots no entry names; what they hold is nowhere else then. */
  void dropAll() {
    List.copyOf(slotByPfn.keySet()).forEach(this::dropIfNoEntry);
  }

  /**
   * Has no area any more.
   *
   * @throws IllegalStateException where slots of it are used
   */
  void remove() {
    if (requireArea().usedSlots() > 0) {
      throw new IllegalStateException(
          "swap area: %d slots are used and nobody is known to use them"
              .formatted(requireArea().usedSlots()));
    }
    area = Optional.empty();
  }

  Optional<SwapArea> area() {
    return area;
  }

  SwapArea requireArea() {
    return area.orElseThrow(() -> new OutOfSwapException("swap area: there is none; add one"));
  }

  OptionalLong find(int slot) {
    Long pfn = pfnBySlot.get(slot);
    return pfn == null ? OptionalLong.empty() : OptionalLong.of(pfn);
  }

  OptionalInt slotOf(long pfn) {
    Integer slot = slotByPfn.get(pfn);
    return slot == null ? OptionalInt.empty() : OptionalInt.of(slot);
  }

  /**
   * A slot for a page that has none, with the cache's use of it.
   *
   * @throws OutOfSwapException when there is none left
   */
  int add(long pfn) {
    int slot = requireArea().alloc();
    put(slot, pfn);
    return slot;
  }

  /** A page that was just read from a slot. */
  void addRead(int slot, long pfn) {
    requireArea().dup(slot, 1);
    put(slot, pfn);
  }

  private void put(int slot, long pfn) {
    pfnBySlot.put(slot, pfn);
    slotByPfn.put(pfn, slot);
    pages = slotByPfn.size();
    folios.ref(pfn, 1);
    folios.set(pfn, PageFlag.SWAPCACHE);
  }

  /** One entry less names a slot; what nobody needs then is given back. */
  void freeEntry(int slot) {
    lock.lock();
    try {
      requireArea().free(slot, 1);
      Long pfn = pfnBySlot.get(slot);
      if (pfn != null) {
        dropIfUnused(pfn);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * A mapping of a page has gone, of which the caller has a reference yet: takes the page out if it
   * is here, nobody maps it, and no entry names its slot ({@code free_swap_cache()}).
   */
  void unmapped(long pfn) {
    if (pages > 0 && folios.is(pfn, PageFlag.SWAPCACHE)) {
      lock.lock();
      try {
        dropIfUnused(pfn);
      } finally {
        lock.unlock();
      }
    }
  }

  private void dropIfUnused(long pfn) {
    if (!folios.isMapped(pfn)) {
      dropIfNoEntry(pfn);
    }
  }

  /** Takes a page out when no entry names its slot any more ({@code folio_free_swap()}). */
  boolean dropIfNoEntry(long pfn) {
    Integer slot = slotByPfn.get(pfn);
    if (slot == null || requireArea().useCount(slot) != 1) {
      return false;
    }
    // What it holds is nowhere else from now on.
    folios.set(pfn, PageFlag.DIRTY);
    drop(pfn, slot);
    return true;
  }

  /** Takes a page out whose slot has what it holds. */
  void drop(long pfn) {
    Integer slot = slotByPfn.get(pfn);
    if (slot != null) {
      drop(pfn, slot);
    }
  }

  private void drop(long pfn, int slot) {
    slotByPfn.remove(pfn);
    pfnBySlot.remove(slot);
    pages = slotByPfn.size();
    folios.clear(pfn, PageFlag.SWAPCACHE);
    requireArea().free(slot, 1);
    folios.unref(pfn, 1);
  }
}
