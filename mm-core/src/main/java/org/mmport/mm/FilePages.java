package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.mmport.machine.Folios;
import org.mmport.machine.LockRank;
import org.mmport.machine.PageFlag;
import org.mmport.spi.InvalidRequestException;

/**
 * A file and its page cache: {@code struct address_space}. The cache holds one reference to each of
 * its folios, which are of one frame. Pages count from 0.
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
  private final TreeMap<Long, Long> pfnByIndex = new TreeMap<>();
  private volatile long sizePages;

  /**
   * @param id what to call it
   * @param sizePages 0 or more
   */
  public FilePages(long id, Folios folios, Storage storage, long sizePages) {
    this.id = id;
    this.folios = folios;
    this.lock = folios.newLock(LockRank.FILE, id);
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
      return pfnByIndex.size();
    } finally {
      lock.unlock();
    }
  }

  /**
   * The frame of a page, with a reference for the caller; read in if it is not in the cache.
   *
   * @param node where to read it to, if it can be had
   * @return empty when the file ends before it (SIGBUS)
   * @throws org.mmport.machine.OutOfFramesException when there is no frame; nothing was changed
   */
  public OptionalLong get(long index, int node) {
    lock.lock();
    try {
      if (requireIndex(index) >= sizePages) {
        return OptionalLong.empty();
      }
      Long cached = pfnByIndex.get(index);
      long pfn = cached == null ? readIn(index, node) : cached;
      folios.ref(pfn, 1);
      return OptionalLong.of(pfn);
    } finally {
      lock.unlock();
    }
  }

  /** The frame of a page that is in the cache, with a reference for the caller. Reads nothing. */
  public OptionalLong find(long index) {
    lock.lock();
    try {
      Long cached = pfnByIndex.get(requireIndex(index));
      if (cached == null) {
        return OptionalLong.empty();
      }
      folios.ref(cached, 1);
      return OptionalLong.of(cached);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Writes back what is dirty among pages, in the cache or in a mapping. Does nothing, and looks at
   * no mapping, where nothing is written back (R1.8).
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
          if (mappings.makeClean(this, index, pfn)) {
            folios.set(pfn, PageFlag.DIRTY);
          }
          written += writeIfDirty(index, pfn) ? 1 : 0;
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
   * Drops a page from the cache if only the cache holds it and it is clean, as reclaim does.
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
      Long pfn = pfnByIndex.get(requireIndex(index));
      if (pfn == null || folios.refCount(pfn) != 1 + callers || folios.is(pfn, PageFlag.DIRTY)) {
        return false;
      }
      pfnByIndex.remove(index);
      release(pfn);
      return true;
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
      Long pfn = pfnByIndex.get(requireIndex(index));
      if (pfn == null || folios.refCount(pfn) != 1 + callers) {
        return false;
      }
      storage.write(index, folios.bytes(pfn));
      pfnByIndex.remove(index);
      release(pfn);
      return true;
    } catch (OutOfSwapException e) {
      return false;
    } finally {
      lock.unlock();
    }
  }

  private long readIn(long index, int node) {
    long pfn = folios.alloc(0, node);
    boolean filled = false;
    boolean swapped = isSwapped(index);
    try {
      storage.read(index, folios.bytes(pfn));
      filled = true;
    } finally {
      if (!filled) {
        folios.unref(pfn, 1);
      }
    }
    if (swapped) {
      // What it holds is nowhere else any more.
      folios.set(pfn, PageFlag.DIRTY);
    }
    folios.set(pfn, PageFlag.UPTODATE);
    folios.set(pfn, PageFlag.PAGECACHE);
    folios.setMapping(pfn, id, index);
    pfnByIndex.put(index, pfn);
    return pfn;
  }

  /** Under the lock, so that of two that write the later has the later bytes. */
  private boolean writeIfDirty(long index, long pfn) {
    lock.lock();
    try {
      Long cached = pfnByIndex.get(index);
      if (cached == null || cached != pfn || !folios.testAndClear(pfn, PageFlag.DIRTY)) {
        return false;
      }
      boolean kept = false;
      try {
        storage.write(index, folios.bytes(pfn));
        kept = true;
      } finally {
        if (!kept) {
          folios.set(pfn, PageFlag.DIRTY);
        }
      }
      return true;
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
      var cutOff = pfnByIndex.tailMap(firstIndex, true);
      cutOff.values().forEach(this::release);
      cutOff.clear();
      storage.truncate(firstIndex);
    } finally {
      lock.unlock();
    }
  }

  private void release(long pfn) {
    folios.clear(pfn, PageFlag.DIRTY);
    folios.clear(pfn, PageFlag.PAGECACHE);
    folios.setMapping(pfn, 0, 0);
    folios.unref(pfn, 1);
  }

  private List<Long> cachedIn(long firstIndex, long lastIndex) {
    lock.lock();
    try {
      if (requireIndex(firstIndex) > lastIndex) {
        throw new InvalidRequestException(
            "pages %d to %d of file %d: end before they start"
                .formatted(firstIndex, lastIndex, id));
      }
      return new ArrayList<>(pfnByIndex.subMap(firstIndex, true, lastIndex, true).keySet());
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
