package org.mmport.mm;

import java.util.OptionalInt;
import java.util.OptionalLong;
import org.mmport.machine.Folios;
import org.mmport.machine.OutOfFramesException;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.HugeEntry;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Takes memory back from pages that were not used of late: {@code shrink_folio_list()} of Linux's
 * mm/vmscan.c. A page that was used since it was looked at last gets another turn.
 */
final class Reclaim {
  private final MmSystem system;
  private final Folios folios;
  private final PteFormat format;
  private final Rmap rmap;
  private final SwapCache swapCache;
  private final FileRmap fileRmap;
  private final SplitFolios splitFolios;
  private final LazyFreed lazyFreed;
  private ReclaimCounts counts = ReclaimCounts.ZERO;

  Reclaim(MmSystem system, Rmap rmap, SwapCache swapCache, FileRmap fileRmap) {
    this.system = system;
    this.folios = system.folios();
    this.format = system.variant().format();
    this.rmap = rmap;
    this.swapCache = swapCache;
    this.fileRmap = fileRmap;
    this.splitFolios = new SplitFolios(system);
    this.lazyFreed = new LazyFreed(system);
  }

  /** All that it did so far. */
  ReclaimCounts counts() {
    return counts;
  }

  /** Frees so many pages, if that can be done looking at each at most twice. */
  ReclaimCounts free(long wanted) {
    ReclaimCounts before = counts;
    split(wanted);
    PageLru lru = system.lru();
    long left = 2L * lru.size();
    while (counts.freed() - before.freed() < wanted && left-- > 0) {
      OptionalLong pfn = lru.poll();
      if (pfn.isPresent() && folios.tryRef(pfn.getAsLong())) {
        if (folios.isLarge(pfn.getAsLong())) {
          left += lookAtLarge(folios.headOf(pfn.getAsLong()));
        } else {
          look(pfn.getAsLong());
        }
      }
    }
    return minus(before);
  }

  /** First what nobody maps and only its folio keeps. */
  private void split(long wanted) {
    long freed = splitFolios.queued(wanted);
    count(new ReclaimCounts(freed, freed, 0, 0, 0, 0));
  }

  /** Whether it is written to its file whole, or is there as it is. */
  private boolean goesToFile(long head) {
    return folios.is(head, PageFlag.PAGECACHE)
        && !system.files().get(folios.mapping(head)).maySwap();
  }

  /**
   * Pages go to swap one by one, so a large folio that was not used becomes pages, which are looked
   * at next: {@code split_folio_to_list()} of {@code shrink_folio_list()}, where swap has no room
   * for it whole. That of a file on storage goes as it is. Gives back the caller's reference, and
   * returns how many pages there are to look at.
   */
  private int lookAtLarge(long head) {
    int pages = folios.framesFrom(head);
    boolean lazy = folios.is(head, PageFlag.LAZYFREE);
    if (lazy) {
      if (mayGo(head) && own(head)) {
        lazyFreed.drop(head);
      }
    } else if (goesToFile(head)) {
      if (mayGo(head)) {
        dropFromFile(head);
      }
    } else if (folios.isSplittable(head) && mayGo(head)) {
      int freed = splitFolios.split(head, system.lru()::addFirst);
      count(new ReclaimCounts(freed, freed, 0, 0, 0, 0));
      return pages - freed;
    }
    boolean freed = folios.unref(head, 1);
    if (!freed) {
      system.lru().add(head);
    }
    count(pages, freed, lazy);
    return 0;
  }

  private ReclaimCounts minus(ReclaimCounts before) {
    return new ReclaimCounts(
        counts.scanned() - before.scanned(),
        counts.freed() - before.freed(),
        counts.kept() - before.kept(),
        counts.swappedOut() - before.swappedOut(),
        counts.fileWrites() - before.fileWrites(),
        counts.lazyFreed() - before.lazyFreed());
  }

  /** Gives back the caller's reference. */
  private void look(long pfn) {
    boolean reclaimable = false;
    boolean lazy = folios.is(pfn, PageFlag.LAZYFREE);
    boolean freed;
    try {
      // A frame that has become something else since.
      reclaimable = folios.mapping(pfn) != 0;
      if (reclaimable && mayGo(pfn)) {
        if (lazy) {
          if (own(pfn)) {
            lazyFreed.drop(pfn);
          }
        } else if (folios.is(pfn, PageFlag.ANON)) {
          swapOut(pfn);
        } else {
          dropFromFile(pfn);
        }
      }
    } finally {
      freed = folios.unref(pfn, 1);
      if (!freed && reclaimable) {
        system.lru().add(pfn);
      }
    }
    if (reclaimable) {
      count(1, freed, lazy);
    }
  }

  /** Pages of a folio that was looked at. */
  private void count(int pages, boolean freed, boolean lazy) {
    count(
        new ReclaimCounts(
            pages, freed ? pages : 0, freed ? 0 : pages, 0, 0, freed && lazy ? pages : 0));
  }

  private void count(ReclaimCounts more) {
    counts = counts.plus(more);
  }

  /** Any page of a folio, by its first. */
  private boolean mayGo(long pfn) {
    if (folios.maybePinned(pfn)) {
      return false;
    }
    // By those who have it mapped, or had.
    boolean used = folios.testAndClear(pfn, PageFlag.REFERENCED);
    for (long page = pfn; page < pfn + folios.framesFrom(pfn); page++) {
      for (Mapping mapping : rmap.ofPage(page)) {
        if (mapping.vma().locked()) {
          return false;
        }
        used |= testAndClearYoung(mapping, page);
      }
    }
    return !used;
  }

  /**
   * Has every table that maps any page of a folio, by its first, serve one process, or says that
   * there is no memory for that.
   */
  private boolean own(long pfn) {
    try {
      for (long page = pfn; page < pfn + folios.framesFrom(pfn); page++) {
        for (Mapping mapping : rmap.ofPage(page)) {
          mapping.mm().sharedRanges().own(mapping.va(folios.index(page)), mapping.mm().pageBytes());
        }
      }
      return true;
    } catch (OutOfFramesException e) {
      return false;
    }
  }

  /** {@code folio_referenced_one()}. */
  private boolean testAndClearYoung(Mapping mapping, long pfn) {
    long va = mapping.va(folios.index(pfn));
    try (PageGather gather = mapping.mm().gather()) {
      // Linux lets all TLBs have a young entry yet (folio_referenced_one() of mm/rmap.c); here
      // those of others who share the table do.
      boolean young =
          mapping
                  .mm()
                  .hugeLeaves()
                  .mapping(pfn, va, gather.gather())
                  .map(HugeEntry::mkOld)
                  .orElse(false)
              || mapping
                  .mm()
                  .pageTable()
                  .pteView(va, gather.gather())
                  .filter(table -> maps(table.get(table.index(va)), pfn))
                  .map(table -> table.mkOld(table.index(va), 1))
                  .orElse(false);
      gather.flush();
      return young;
    }
  }

  private boolean maps(long raw, long pfn) {
    return format.present(raw, Level.PTE) && system.pfn(raw) == pfn;
  }

  /** Writes a page to swap unless it is there as it is, once nobody maps it any more. */
  private void swapOut(long pfn) {
    if (!swapCache.takesPages()) {
      return;
    }
    OptionalInt cached = swapCache.slotOf(pfn);
    int slot;
    try {
      slot = cached.isPresent() ? cached.getAsInt() : swapCache.add(pfn);
    } catch (OutOfSwapException e) {
      return;
    }
    boolean exclusive = folios.testAndClear(pfn, PageFlag.ANON_EXCLUSIVE);
    for (Mapping mapping : rmap.ofPage(pfn)) {
      swapOut(mapping, pfn, raw -> system.swapEntries().of(slot, raw, exclusive));
    }
    SwapArea area = swapCache.requireArea();
    if (folios.testAndClear(pfn, PageFlag.DIRTY)) {
      area.write(slot, folios.bytes(pfn));
      count(new ReclaimCounts(0, 0, 0, 1, 0, 0));
    }
    if (folios.refCount(pfn) == 2) {
      swapCache.drop(pfn);
    }
  }

  /** Drops a folio of a file from all mappings and from the cache, once it is written back. */
  private void dropFromFile(long head) {
    FilePages file = system.files().get(folios.mapping(head));
    if (file.maySwap()) {
      swapOutOfFile(file, head);
    } else if (file.isWrittenBack()) {
      long index = folios.index(head);
      long written = file.writeBack(index, index, fileRmap);
      fileRmap.unmap(head);
      count(new ReclaimCounts(0, 0, 0, 0, written, 0));
      file.evict(index, 1);
    }
  }

  /** Shared memory that has no name. What nobody ever wrote is zero, and is not kept. */
  private void swapOutOfFile(FilePages file, long pfn) {
    if (swapCache.takesPages()) {
      long index = folios.index(pfn);
      fileRmap.unmap(pfn);
      if (!folios.is(pfn, PageFlag.DIRTY)) {
        file.evict(index, 1);
      } else if (file.swapOut(index, 1)) {
        count(new ReclaimCounts(0, 0, 0, 1, 0, 0));
      }
    }
  }

  /** What stands in the place of a leaf whose page goes. */
  private interface Replacement {
    /** An entry that is not present. */
    long of(long raw);
  }

  /**
   * {@code try_to_unmap_one()}: nobody writes the page through this mapping after, nor through
   * those that have the same table. So there is nothing to copy, for which there may be no memory.
   */
  private void swapOut(Mapping mapping, long pfn, Replacement replacement) {
    long va = mapping.va(folios.index(pfn));
    TableUsers users = TableUsers.of(mapping.mm(), va);
    try (PageGather gather = users.gather()) {
      users
          .table(gather)
          .filter(table -> maps(table.get(table.index(va)), pfn))
          .ifPresent(table -> swapOut(users, table, table.index(va), pfn, replacement, gather));
      gather.flush();
    }
  }

  private void swapOut(
      TableUsers users,
      PteTable table,
      int index,
      long pfn,
      Replacement replacement,
      PageGather gather) {
    long old = table.clear(index, 1);
    if (format.dirty(old, Level.PTE)) {
      folios.set(pfn, PageFlag.DIRTY);
    }
    long raw = replacement.of(old);
    swapCache.requireArea().dup(system.swapEntries().slot(raw), 1);
    table.setNonPresent(index, raw);
    users.count(table, -1, 0, 1);
    rmap.remove(pfn, 1);
    gather.releaseLater(pfn, 1);
  }
}
