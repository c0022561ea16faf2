package org.mmport.mm;

import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;
import org.mmport.machine.Folios;
import org.mmport.machine.LockRank;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PageFlag;
import org.mmport.spi.InvalidRequestException;

/**
 * A file and its page cache: {@code struct address_space}. The cache holds one reference to a folio
 * for each of its pages; whether they are dirty is said of the folio, as in Linux. Pages count from
 * 0.
 *
 * <p>Any number of threads may call everything. The lock inside is held for no call of {@link
 * FileMappings}; locks of page tables may be held outside of it, and those of frames are taken
 * inside, as with {@code i_pages}.
 *
 * <p>A fault that maps a page looks at {@link #sizePages} under the lock of the page table that it
 * writes. A truncation sets the size first and unmaps last, so one of the two sees the other.
 */
public final class FilePages {
  private final long id;
  private final Folios folios;
  private final ReentrantLock lock;
  private final Storage storage;
  private final Optional<ShmemStorage> shmem;
  private final CachedPages cache;
  private volatile long sizePages;

  /**
   * @param id what to call it
   * @param sizePages 0 or more
   */
  public FilePages(long id, Folios folios, Storage storage, long sizePages) {
    this.id = id;
    this.folios = folios;
    this.lock = folios.newLock(LockRank.FILE, id);
    this.cache = new CachedPages(id, folios);
    this.storage = storage;
    this.shmem = storage instanceof ShmemStorage swap ? Optional.of(swap) : Optional.empty();
    this.sizePages = requireSize(sizePages);
  }

  public long id() {
    return id;
  }

  /** log2 of the bytes of its pages. */
  public int pageShift() {
    return folios.pageShift();
  }

  public long sizePages() {
    return sizePages;
  }

  /** Whether what is stored to its pages is written back at some time. */
  public boolean isWrittenBack() {
    return storage.keepsPages();
  }

  /** Whether its pages may leave memory for the swap area. */
  boolean maySwap() {
    return shmem.isPresent();
  }

  /** Whether a page is in the swap area. */
  boolean isSwapped(long index) {
    return shmem.isPresent() && shmem.get().holds(index);
  }

  /** Pages that are in the swap area, ascending. */
  List<Long> swappedPages() {
    return shmem.map(ShmemStorage::pages).orElse(List.of());
  }

  /** The slots of the swap area that its pages have, each one use of it. */
  public List<Integer> swapSlots() {
    return shmem.map(ShmemStorage::slots).orElse(List.of());
  }

  /** Pages in the cache. */
  public int cachedPages() {
    lock.lock();
    try {
      return cache.size();
    } finally {
      lock.unlock();
    }
  }

  /** Frames of the pages in the cache, by page: for those who count all anew. */
  public NavigableMap<Long, Long> cachedFrames() {
    lock.lock();
    try {
      return cache.all();
    } finally {
      lock.unlock();
    }
  }

  /**
   * The frame of a page, with a reference for the caller; read in alone if it is not in the cache.
   *
   * @param node where to read it to, if it can be had
   * @return empty when the file ends before it (SIGBUS)
   * @throws OutOfFramesException when there is no frame; nothing was changed
   */
  public OptionalLong get(long index, int node) {
    return get(index, node, List.of());
  }

  /**
   * The same, read in with the pages around it in a folio, where one may be.
   *
   * @param orders log2 of the pages of such, the largest first
   */
  OptionalLong get(long index, int node, List<Integer> orders) {
    lock.lock();
    try {
      if (requireIndex(index) >= sizePages) {
        return OptionalLong.empty();
      }
      OptionalLong cached = cache.find(index);
      long pfn = cached.isPresent() ? cached.getAsLong() : readIn(index, node, orders);
      folios.ref(pfn, 1);
      return OptionalLong.of(pfn);
    } finally {
      lock.unlock();
    }
  }

  /** The same if the page is not there, and a folio of that order may be; else reads nothing. */
  OptionalLong readInFolio(long index, int node, int order) {
    lock.lock();
    try {
      long first = index & -(1L << order);
      if (!mayBeFolio(first, 1L << order)) {
        return OptionalLong.empty();
      }
      long head = readIn(first, folios.alloc(order, node));
      folios.ref(head, 1);
      return OptionalLong.of(head + (index - first));
    } catch (OutOfFramesException e) {
      return OptionalLong.empty();
    } finally {
      lock.unlock();
    }
  }

  /** The frame of a page that is in the cache, with a reference for the caller. Reads nothing. */
  public OptionalLong find(long index) {
    lock.lock();
    try {
      OptionalLong cached = cache.find(requireIndex(index));
      cached.ifPresent(pfn -> folios.ref(pfn, 1));
      return cached;
    } finally {
      lock.unlock();
    }
  }

  /** Frames of so many pages from one on; -1 for those that are not in the cache. */
  long[] frames(long firstIndex, int pages) {
    lock.lock();
    try {
      long[] frames = new long[pages];
      Arrays.setAll(frames, i -> cache.find(firstIndex + i).orElse(-1));
      return frames;
    } finally {
      lock.unlock();
    }
  }

  /**
   * How many pages of a folio are in the cache, from its first on: all, but where the file ended in
   * it while somebody held it.
   */
  int held(long pfn) {
    lock.lock();
    try {
      return cache.held(pfn);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writes back folios with any of some pages that are dirty, in the cache or in a mapping. Does
   * nothing, and looks at no mapping, where nothing is written back (R1.8).
   *
   * @return pages written
   */
  public long writeBack(long firstIndex, long lastIndex, FileMappings mappings) {
    if (!isWrittenBack()) {
      return 0;
    }
    long written = 0;
    for (long index : cachedIn(firstIndex, lastIndex)) {
      OptionalLong found = find(index);
      if (found.isPresent()) {
        long pfn = found.getAsLong();
        try {
          if (mappings.makeClean(this, index, pfn, folios.framesFrom(pfn))) {
            folios.set(pfn, PageFlag.DIRTY);
          }
          written += writeIfDirty(index, pfn);
        } finally {
          folios.unref(pfn, 1);
        }
      }
    }
    return written;
  }

  /**
   * Makes the file longer or shorter. Of pages cut off, mappings end, and the cache gives up its
   * reference: who pinned one keeps a page of no file. One at a time for each file ({@code
   * i_rwsem}).
   */
  public void truncate(long newSizePages, FileMappings mappings) {
    requireSize(newSizePages);
    long oldSizePages = resize(newSizePages);
    if (newSizePages >= oldSizePages) {
      return;
    }
    // Twice, as truncate_pagecache in mm/truncate.c: first so that there is less to do page by
    // page, then for what was mapped or copied before the cache had let go of it.
    mappings.unmap(this, newSizePages, oldSizePages - 1);
    dropFrom(newSizePages);
    mappings.unmap(this, newSizePages, oldSizePages - 1);
  }

  /**
   * Drops the folio of a page from the cache if only the cache holds it and it is clean, as reclaim
   * does.
   *
   * @return whether it was dropped
   */
  public boolean evict(long index) {
    return evict(index, 0);
  }

  /** The same where the caller has so many references to it, and keeps them. */
  boolean evict(long index, int callers) {
    lock.lock();
    try {
      OptionalLong found = cache.find(requireIndex(index));
      if (found.isEmpty()) {
        return false;
      }
      long pfn = found.getAsLong();
      if (folios.refCount(pfn) != cache.held(pfn) + callers || folios.is(pfn, PageFlag.DIRTY)) {
        return false;
      }
      cache.remove(pfn);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes pages of a large folio of the cache, to which the caller has a reference ({@code
   * split_huge_page()} with {@code i_pages} locked, so that nobody finds it meanwhile).
   *
   * @return false, and nothing changed, where somebody else holds it, or it is not here whole
   */
  boolean split(long head) {
    lock.lock();
    try {
      if (cache.held(head) != folios.framesFrom(head) || !folios.isSplittable(head)) {
        return false;
      }
      folios.split(head);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Has a new folio take the place of the pages from one on, with what they hold: copied where they
   * are in the cache, else read. Takes over the caller's reference, unless it throws. Nobody may
   * map those pages, hold them, or have them in swap.
   */
  void collapse(long firstIndex, long head) {
    lock.lock();
    try {
      int pages = folios.framesFrom(head);
      boolean dirty = false;
      for (int i = 0; i < pages; i++) {
        OptionalLong old = cache.find(firstIndex + i);
        if (old.isPresent()) {
          folios.bytes(head + i).copyFrom(folios.bytes(old.getAsLong()));
          dirty |= folios.is(old.getAsLong(), PageFlag.DIRTY);
        } else {
          storage.read(firstIndex + i, folios.bytes(head + i));
        }
      }
      for (int i = 0; i < pages; i++) {
        cache.find(firstIndex + i).ifPresent(cache::remove);
      }
      cache.add(head, firstIndex);
      if (dirty) {
        folios.set(head, PageFlag.DIRTY);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * The folio that has pages on both sides of where one begins, with a reference for the caller.
   */
  OptionalLong findAcross(long index) {
    lock.lock();
    try {
      OptionalLong found = cache.find(requireIndex(index));
      if (found.isEmpty() || folios.headOf(found.getAsLong()) == found.getAsLong()) {
        return OptionalLong.empty();
      }
      long head = folios.headOf(found.getAsLong());
      folios.ref(head, 1);
      return OptionalLong.of(head);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Has a page that nobody maps leave the cache for the swap area, if only the cache and so many
   * references of the caller hold it ({@code shmem_writeout()}).
   *
   * @return whether it left; it stays as it is where there is no slot
   */
  boolean swapOut(long index, int callers) {
    lock.lock();
    try {
      OptionalLong found = cache.find(requireIndex(index));
      if (found.isEmpty()
          || folios.isLarge(found.getAsLong())
          || folios.refCount(found.getAsLong()) != 1 + callers) {
        return false;
      }
      storage.write(index, folios.bytes(found.getAsLong()));
      cache.remove(found.getAsLong());
      return true;
    } catch (OutOfSwapException e) {
      return false;
    } finally {
      lock.unlock();
    }
  }

  /**
   * {@code page_cache_ra_order()}, {@code shmem_suitable_orders()}: aligned in the file, within it,
   * and beside nothing that is in memory or in swap.
   */
  private long readIn(long index, int node, List<Integer> orders) {
    for (int order : orders) {
      long first = index & -(1L << order);
      long pages = 1L << order;
      if (mayBeFolio(first, pages)) {
        try {
          return readIn(first, folios.alloc(order, node)) + (index - first);
        } catch (OutOfFramesException e) {
          // No block of that order is left; a smaller one may be.
        }
      }
    }
    return readIn(index, folios.alloc(0, node));
  }

  private boolean mayBeFolio(long first, long pages) {
    return first + pages <= sizePages && !cache.hasAny(first, pages) && !anySwapped(first, pages);
  }

  private boolean anySwapped(long first, long pages) {
    return shmem.isPresent() && shmem.get().holdsAny(first, pages);
  }

  /** Takes over the reference to a new folio, which it returns. */
  private long readIn(long index, long head) {
    boolean filled = false;
    boolean swapped = isSwapped(index);
    int pages = folios.framesFrom(head);
    try {
      for (int i = 0; i < pages; i++) {
        storage.read(index + i, folios.bytes(head + i));
      }
      filled = true;
    } finally {
      if (!filled) {
        folios.unref(head, 1);
      }
    }
    if (swapped) {
      // What it holds is nowhere else any more.
      folios.set(head, PageFlag.DIRTY);
    }
    cache.add(head, index);
    return head;
  }

  /**
   * Under the lock, so that of two that write the later has the later bytes. Returns how many pages
   * it wrote: those of its folio that are here.
   */
  private long writeIfDirty(long index, long pfn) {
    lock.lock();
    try {
      OptionalLong cached = cache.find(index);
      if (cached.isEmpty()
          || cached.getAsLong() != pfn
          || !folios.testAndClear(pfn, PageFlag.DIRTY)) {
        return 0;
      }
      boolean kept = false;
      try {
        cache.of(pfn).forEach((page, frame) -> storage.write(page, folios.bytes(frame)));
        kept = true;
      } finally {
        if (!kept) {
          folios.set(pfn, PageFlag.DIRTY);
        }
      }
      return cache.held(pfn);
    } finally {
      lock.unlock();
    }
  }

  private long resize(long newSizePages) {
    lock.lock();
    try {
      long old = sizePages;
      sizePages = newSizePages;
      return old;
    } finally {
      lock.unlock();
    }
  }

  private void dropFrom(long firstIndex) {
    lock.lock();
    try {
      cache.removeFrom(firstIndex);
      storage.truncate(firstIndex);
    } finally {
      lock.unlock();
    }
  }

  /** The first pages of folios that are to be looked at. */
  private List<Long> cachedIn(long firstIndex, long lastIndex) {
    lock.lock();
    try {
      if (requireIndex(firstIndex) > lastIndex) {
        throw new InvalidRequestException(
            "pages %d to %d of file %d: end before they start"
                .formatted(firstIndex, lastIndex, id));
      }
      return cache.folioPages(firstIndex, lastIndex);
    } finally {
      lock.unlock();
    }
  }

  private long requireIndex(long index) {
    if (index < 0) {
      throw new InvalidRequestException(
          "page %d of file %d: must be 0 or more".formatted(index, id));
    }
    return index;
  }

  private static long requireSize(long sizePages) {
    if (sizePages < 0) {
      throw new InvalidRequestException("file of " + sizePages + " pages: must be 0 or more");
    }
    return sizePages;
  }

  @Override
  public String toString() {
    return "file " + id;
  }
}
