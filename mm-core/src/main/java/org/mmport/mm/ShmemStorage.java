package org.mmport.mm;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.TreeMap;

/**
 * Where pages of shared memory without a name go when memory is short: to the swap area. Linux
 * keeps the entry that names the slot in the page cache, in the place of the page ({@code
 * shmem_writeout()}). A page is in memory or in its slot, never in both: whatever takes it to
 * memory frees the slot ({@code shmem_swapin_folio()}), as Linux does once the swap cache lets go
 * of it.
 */
final class ShmemStorage implements Storage {
  private final SwapCache swapCache;
  private final TreeMap<Long, Integer> slotByPage = new TreeMap<>();

  ShmemStorage(SwapCache swapCache) {
    this.swapCache = swapCache;
  }

  @Override
  public void read(long page, MemorySegment to) {
    Integer slot = slotByPage.get(page);
    if (slot == null) {
      to.fill((byte) 0);
      return;
    }
    swapCache.requireArea().read(slot, to);
    slotByPage.remove(page);
    free(slot);
  }

  /**
   * Keeps a page that was in memory.
   *
   * @throws OutOfSwapException where there is no slot for it, and nothing was changed
   */
  @Override
  public void write(long page, MemorySegment from) {
    SwapArea area = swapCache.requireArea();
    int slot = area.alloc();
    area.write(slot, from);
    slotByPage.put(page, slot);
  }

  @Override
  public void truncate(long first) {
    var cutOff = slotByPage.tailMap(first, true);
    cutOff.values().forEach(this::free);
    cutOff.clear();
  }

  private void free(int slot) {
    swapCache.requireArea().free(slot, 1);
  }

  /** It is written when memory is short, and never for the sake of being written. */
  @Override
  public boolean keepsPages() {
    return false;
  }

  boolean holds(long page) {
    return slotByPage.containsKey(page);
  }

  /** Whether it has any of so many pages. */
  boolean holdsAny(long first, long count) {
    Long next = slotByPage.ceilingKey(first);
    return next != null && next < first + count;
  }

  /** The pages that it has, ascending. */
  List<Long> pages() {
    return List.copyOf(slotByPage.keySet());
  }

  List<Integer> slots() {
    return List.copyOf(slotByPage.values());
  }
}
