package org.mmport.mm;

import java.lang.foreign.MemorySegment;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** Pages of anonymous memory: made, copied, shared with a child, and taken over. */
final class AnonPages {
  private final MmSystem system;
  private final Folios folios;
  private final PteFormat format;
  private final Rmap rmap;

  AnonPages(MmSystem system) {
    this.system = system;
    this.rmap = system.rmap();
    this.folios = system.folios();
    this.format = system.variant().format();
  }

  /**
   * A page for an address of one mapping alone, zeroed.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is none
   */
  long allocZeroed(AddressSpace mm, Vma vma, long va) {
    long pfn = alloc(mm, vma, va);
    system.page(pfn).fill((byte) 0);
    return pfn;
  }

  /**
   * A page for an address of one mapping alone, with the contents of another.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is none
   */
  long allocCopy(long from, AddressSpace mm, Vma vma, long va) {
    long pfn = alloc(mm, vma, va);
    MemorySegment.copy(system.page(from), 0, system.page(pfn), 0, system.page(pfn).byteSize());
    return pfn;
  }

  private long alloc(AddressSpace mm, Vma vma, long va) {
    long pfn = allocUnfilled(mm, vma, va);
    folios.set(pfn, PageFlag.ANON_EXCLUSIVE);
    return pfn;
  }

  /**
   * A folio for as many pages of one mapping alone as it has, zeroed. Each page is known to be one
   * process's own ({@code folio_add_new_anon_rmap()}).
   *
   * @param va of its first page
   * @throws org.mmport.machine.OutOfFramesException when there is no block of that order
   */
  long allocZeroed(AddressSpace mm, Vma vma, long va, int order) {
    long head = allocUnfilled(mm, vma, va, order);
    for (long pfn = head; pfn < head + (1L << order); pfn++) {
      folios.set(pfn, PageFlag.ANON_EXCLUSIVE);
      system.page(pfn).fill((byte) 0);
    }
    return head;
  }

  /** A page for an address, whose contents the caller brings from swap. */
  long allocUnfilled(AddressSpace mm, Vma vma, long va) {
    return allocUnfilled(mm, vma, va, 0);
  }

  /** The same for a folio, of whose pages none is marked as one process's own yet. */
  long allocUnfilled(AddressSpace mm, Vma vma, long va, int order) {
    return begin(mm, vma, va, folios.alloc(order, 0));
  }

  /**
   * A page for an address, from that node and no other.
   *
   * @throws org.mmport.machine.OutOfFramesException when the node has none
   */
  long allocUnfilledOnNode(AddressSpace mm, Vma vma, long va, int node) {
    return begin(mm, vma, va, folios.allocOnNode(0, node));
  }

  private long begin(AddressSpace mm, Vma vma, long va, long pfn) {
    folios.set(pfn, PageFlag.ANON);
    folios.set(pfn, PageFlag.UPTODATE);
    rmap.ownAnon(pfn, mm, vma, va);
    system.lru().add(pfn);
    return pfn;
  }

  /** How many pages of its folio there are from one on, itself among them. */
  int pagesFrom(long pfn) {
    return folios.isLarge(pfn) ? folios.framesFrom(pfn) : 1;
  }

  boolean isAnon(long pfn) {
    return pfn != system.zeroPfn() && folios.is(pfn, PageFlag.ANON);
  }

  /** Whether it is known that nobody else can have the page. */
  boolean isExclusive(long pfn) {
    return isAnon(pfn) && folios.is(pfn, PageFlag.ANON_EXCLUSIVE);
  }

  /**
   * Whether a write may go to the page as it is, because nobody else can have it: {@code
   * wp_can_reuse_anon_folio()}. From then on it is known to be so.
   *
   * <p>That is where one leaf maps the page, the writer's, and all references to the folio are
   * those of entries: nobody has pinned it or is about to map it. Linux, which may not count by
   * page, asks that the writer alone map any of the folio ({@code
   * __wp_can_reuse_large_anon_folio}); who maps other pages of it cannot see this one.
   */
  boolean reuse(long pfn) {
    if (folios.is(pfn, PageFlag.ANON_EXCLUSIVE)) {
      return true;
    }
    system.swapCache().dropIfNoEntry(pfn);
    if (rmap.mappers(pfn) != 1 || folios.refCount(pfn) != folios.totalMapCount(pfn)) {
      return false;
    }
    folios.set(pfn, PageFlag.ANON_EXCLUSIVE);
    return true;
  }

  /**
   * Lets a child have the page too. False, and nothing changed, where it may be pinned: whoever did
   * so must go on seeing the parent's writes, so the child gets a copy ({@code
   * folio_try_dup_anon_rmap_pte()}).
   */
  boolean tryDup(long pfn) {
    if (folios.is(pfn, PageFlag.ANON_EXCLUSIVE)) {
      if (folios.maybePinned(pfn)) {
        return false;
      }
      folios.clear(pfn, PageFlag.ANON_EXCLUSIVE);
    }
    folios.dup(pfn);
    return true;
  }

  /**
   * The same where it is known that nobody has pinned it: a table with pinned pages is not shared.
   * Whether its folio may be pinned says nothing of that; other pages of it may be, or so many may
   * use it that it looks like that.
   */
  void dup(long pfn) {
    if (folios.is(pfn, PageFlag.ANON_EXCLUSIVE)) {
      folios.clear(pfn, PageFlag.ANON_EXCLUSIVE);
    }
    folios.dup(pfn);
  }

  /**
   * Has a second table show what a swap entry stands for: from then on nobody has it for itself
   * ({@code copy_nonpresent_pte()}).
   *
   * @param raw the entry, as it was read
   */
  void dupSwapped(PteTable from, PteTable to, int index, long raw) {
    long shared = format.swapClearExclusive(raw, Level.PTE);
    system.swapCache().requireArea().dup(system.swapEntries().slot(raw), 1);
    if (shared != raw) {
      from.clear(index, 1);
      from.setNonPresent(index, shared);
    }
    to.setNonPresent(index, shared);
  }

  /**
   * Lets a child have so many pages of one large folio too: references, then the mark, then map
   * counts, each in one go (R4.24, R4.25). Whether the folio may be pinned is asked once (R4.7); if
   * it may be, that is up to the first page that is one process's own, and what was taken for those
   * behind is given back.
   *
   * @return how many it has, 0 where the first is one's own and may be pinned
   */
  int tryDup(long pfn, int pages) {
    folios.ref(pfn, pages);
    int duplicated = folios.maybePinned(pfn) ? sharedFrom(pfn, pages) : pages;
    if (duplicated < pages) {
      folios.unref(pfn, pages - duplicated);
    }
    if (duplicated > 0) {
      mapOnce(pfn, duplicated);
    }
    return duplicated;
  }

  /** The same where it is known that nobody has pinned any of them. */
  void dup(long pfn, int pages) {
    folios.ref(pfn, pages);
    mapOnce(pfn, pages);
  }

  private void mapOnce(long pfn, int pages) {
    folios.clearOfPages(pfn, pages, PageFlag.ANON_EXCLUSIVE);
    folios.mapPages(pfn, pages);
  }

  private int sharedFrom(long pfn, int pages) {
    for (int i = 0; i < pages; i++) {
      if (folios.is(pfn + i, PageFlag.ANON_EXCLUSIVE)) {
        return i;
      }
    }
    return pages;
  }

  /** Maps a new page of its own where nothing is mapped. The mapping takes the reference over. */
  void mapNew(AddressSpace mm, Vma vma, PteTable table, long va, long pfn) {
    folios.addMapCount(pfn, 1);
    system.mlocked.mapped(vma, pfn);
    table.set(table.index(va), 1, writableLeaf(mm, vma, pfn));
  }

  /** Maps all pages of a new folio where nothing is mapped: {@code map_anon_folio_pte()}. */
  void mapNew(AddressSpace mm, Vma vma, PteTable table, long va, long head, int order) {
    int pages = 1 << order;
    folios.ref(head, pages - 1);
    folios.mapPages(head, pages);
    for (int i = 0; i < pages; i++) {
      system.mlocked.mapped(vma, head + i);
    }
    table.set(table.index(va), pages, writableLeaf(mm, vma, head));
  }

  /** The leaf by which the one mapping of a new page of its own maps it: written just now. */
  long writableLeaf(AddressSpace mm, Vma vma, long pfn) {
    long raw = leaf(mm, vma, pfn);
    long dirty = format.mkDirty(format.mkYoung(raw, Level.PTE), Level.PTE);
    return vma.rights().write() ? format.mkWrite(dirty, Level.PTE) : dirty;
  }

  /** A leaf as a mapping has it before anybody wrote. */
  long leaf(AddressSpace mm, Vma vma, long pfn) {
    long pgprot = format.pgprot(vma.protection());
    return format.mkLeaf(folios.physAddr(pfn), pgprot, Level.PTE);
  }
}
