package org.mmport.mm;

import java.util.Optional;
import java.util.function.LongConsumer;
import org.mmport.cpu.Access;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.HugeEntries;
import org.mmport.pgtable.HugeEntry;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.PteFormat;

/**
 * Leaves above the last level of one address space, as the operations on ranges meet them:
 * mm/huge_memory.c. A leaf maps a whole folio of private anonymous memory, or of a file, aligned to
 * its size, within one mapping. It holds one reference and one entire mapcount (R4.13); that all of
 * it is one process's own is marked at its first page.
 */
final class HugeLeaves {
  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final PteFormat format;

  HugeLeaves(AddressSpace mm) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.format = system.variant().format();
  }

  private HugeEntries entries() {
    return mm.pageTable().hugeEntries();
  }

  /** The leaf at an address, if there is one. */
  Optional<HugeEntry> at(long va, MmuGather gather) {
    return entries().leaf(va, gather);
  }

  /** Whether a leaf maps a page at an address. */
  Optional<HugeEntry> mapping(long pfn, long va, MmuGather gather) {
    return at(va, gather).filter(leaf -> pfn(leaf, va) == pfn);
  }

  /** The first page of what a leaf maps. */
  long head(HugeEntry leaf) {
    return format.physAddr(leaf.get(), leaf.level()) >>> folios.pageShift();
  }

  /** The page that a leaf has at an address. */
  long pfn(HugeEntry leaf, long va) {
    return head(leaf) + ((va - leaf.firstVa()) >>> folios.pageShift());
  }

  int pages(HugeEntry leaf) {
    return (int) ((leaf.lastVa() - leaf.firstVa() + 1) >>> folios.pageShift());
  }

  /** A leaf for a folio that a mapping has for itself and has just written. */
  private long writableLeaf(Vma vma, long head, HugeEntry at) {
    long pgprot = format.pgprot(vma.protection());
    long raw = format.mkLeaf(folios.physAddr(head), pgprot, at.level());
    long dirty = format.mkDirty(format.mkYoung(raw, at.level()), at.level());
    return vma.rights().write() ? format.mkWrite(dirty, at.level()) : dirty;
  }

  /** Maps a new folio of its own where nothing is; the leaf takes the reference over. */
  void mapNew(Vma vma, HugeEntry at, long head, long spare) {
    countNew(head);
    at.map(writableLeaf(vma, head, at), spare);
    eachPage(at, pfn -> system.mlocked.mapped(vma, pfn));
  }

  /**
   * Maps a folio of a file where nothing is ({@code do_set_pmd()}); the leaf takes the reference
   * over.
   *
   * @param writes whether it is for a store to a shared mapping
   */
  void mapFile(Vma vma, HugeEntry at, long head, long spare, boolean writes) {
    long pgprot = format.pgprot(vma.protection());
    long raw = format.mkLeaf(folios.physAddr(head), pgprot, at.level());
    long young = format.mkYoung(format.wrProtect(raw, at.level()), at.level());
    folios.addEntireMapCount(head, 1);
    at.map(writes ? format.mkWrite(format.mkDirty(young, at.level()), at.level()) : young, spare);
    eachPage(at, pfn -> system.mlocked.mapped(vma, pfn));
    mm.count(0, pages(at), 0);
  }

  /** The same in the place of a table, which was unhooked and is empty now. */
  void collapse(Vma vma, HugeEntry at, PteTable emptied, long head) {
    countNew(head);
    at.collapse(emptied, writableLeaf(vma, head, at));
    eachPage(at, pfn -> system.mlocked.mapped(vma, pfn));
  }

  private void countNew(long head) {
    folios.set(head, PageFlag.ANON_EXCLUSIVE);
    folios.addEntireMapCount(head, 1);
  }

  private void eachPage(HugeEntry leaf, LongConsumer page) {
    long head = head(leaf);
    for (long pfn = head; pfn < head + pages(leaf); pfn++) {
      page.accept(pfn);
    }
  }

  /**
   * Has entries of the last level map what a leaf does ({@code __split_huge_pmd_locked()}): each
   * page has a reference, a map count, and the mark if the folio was one's own. References come
   * before map counts, and go after (R4.5). Needs no memory.
   *
   * <p>A leaf of a file is emptied: faults find the pages in its cache.
   */
  void split(HugeEntry leaf) {
    long head = head(leaf);
    if (!folios.is(head, PageFlag.ANON)) {
      emptyOfFile(leaf, head);
      return;
    }
    int pages = pages(leaf);
    folios.ref(head, pages);
    if (folios.is(head, PageFlag.ANON_EXCLUSIVE)) {
      eachPage(leaf, pfn -> folios.set(pfn, PageFlag.ANON_EXCLUSIVE));
    }
    folios.mapPages(head, pages);
    PteTable table = split(leaf, head, pages);
    TableNote note = new TableNote(0).plus(pages, 0, 0);
    table.setNote((folios.maybePinned(head) ? note.withPins() : note).bits());
    system.rmap().removeWhole(head);
    folios.unref(head, 1);
  }

  /** Gives up what was counted for the pages where a flush fails. */
  private PteTable split(HugeEntry leaf, long head, int pages) {
    boolean done = false;
    try {
      PteTable table = leaf.split();
      done = true;
      return table;
    } finally {
      if (!done) {
        folios.unmapPages(head, pages);
        folios.clearOfPages(head + 1, pages - 1, PageFlag.ANON_EXCLUSIVE);
        folios.unref(head, pages);
      }
    }
  }

  private void emptyOfFile(HugeEntry leaf, long head) {
    int pages = pages(leaf);
    // A table may be hooked there next, which no CPU may meet beside the leaf.
    long old = leaf.unmapNow();
    if (format.dirty(old, leaf.level())) {
      folios.set(head, PageFlag.DIRTY);
    }
    Zap.keepAccessed(system, head, old, leaf.level());
    // Where a mapping is on its way out, its pages are no longer locked.
    mm.mappings()
        .find(leaf.firstVa())
        .ifPresent(
            vma -> {
              for (long pfn = head; pfn < head + pages; pfn++) {
                system.mlocked.unmapped(vma, pfn);
              }
            });
    mm.count(0, -pages, 0);
    system.rmap().removeWhole(head);
    system.release(head, 1);
  }

  /**
   * Cleans and write-protects the leaf that maps a page at an address, if one does. Whether it was
   * dirty.
   */
  boolean makeClean(long pfn, long va) {
    if (entries().count() == 0) {
      return false;
    }
    try (PageGather gather = mm.gather()) {
      boolean dirty =
          mapping(pfn, va, gather.gather())
              .filter(leaf -> isWritten(leaf.get(), leaf))
              .map(HugeEntry::makeClean)
              .orElse(false);
      gather.flush();
      return dirty;
    }
  }

  private boolean isWritten(long raw, HugeEntry leaf) {
    return format.dirty(raw, leaf.level()) || format.write(raw, leaf.level());
  }

  /**
   * Before mappings come to begin or end where a range does: no leaf lies in two ({@code
   * vma_adjust_trans_huge()}).
   */
  void cut(long va, long sizeBytes) {
    if (entries().count() > 0) {
      try (PageGather gather = mm.gather()) {
        cutBefore(va, gather);
        if (system.userRegion().contains(va + sizeBytes)) {
          cutBefore(va + sizeBytes, gather);
        }
        gather.flush();
      }
    }
  }

  private void cutBefore(long va, PageGather gather) {
    at(va, gather.gather()).filter(leaf -> leaf.firstVa() != va).ifPresent(this::split);
  }

  /**
   * Empties leaves that lie in a range and gives up what they hold ({@code zap_huge_pmd()}); splits
   * those that lie in it in part.
   */
  void zap(long va, long sizeBytes, PageGather gather) {
    long lastVa = va + sizeBytes - 1;
    entries()
        .leaves(
            va,
            lastVa,
            gather.gather(),
            leaf -> {
              if (Long.compareUnsigned(leaf.firstVa(), va) >= 0
                  && Long.compareUnsigned(leaf.lastVa(), lastVa) <= 0) {
                zap(leaf, gather);
              } else {
                split(leaf);
              }
            });
  }

  private void zap(HugeEntry leaf, PageGather gather) {
    long head = head(leaf);
    // As hardware left it: it may have marked the leaf until then.
    long old = leaf.unmap();
    if (format.dirty(old, leaf.level())) {
      folios.set(head, PageFlag.DIRTY);
    }
    boolean anon = folios.is(head, PageFlag.ANON);
    if (!anon) {
      Zap.keepAccessed(system, head, old, leaf.level());
    }
    mm.count(anon ? -pages(leaf) : 0, anon ? 0 : -pages(leaf), 0);
    system.rmap().removeWhole(head);
    gather.releaseLater(head, 1);
  }

  /** Has entries of the last level map all that leaves do which have anything of a range. */
  void split(long va, long sizeBytes) {
    if (entries().count() > 0) {
      try (PageGather gather = mm.gather()) {
        entries().leaves(va, va + sizeBytes - 1, gather.gather(), this::split);
        gather.flush();
      }
    }
  }

  /** Whether an access to a mapping may find a leaf, or be one that makes one. */
  boolean mayMap(Vma vma, Access access) {
    return entries().count() > 0 || (access.writes() && system.hugePages().wants(vma));
  }

  /** Tells of the pages that leaves map in a part of a mapping. */
  void eachPage(Vma part, MmuGather gather, LongConsumer page) {
    entries()
        .leaves(
            part.firstVa(),
            part.lastVa(),
            gather,
            leaf ->
                eachPage(
                    leaf,
                    pfn -> {
                      long va = leaf.firstVa() + ((pfn - head(leaf)) << folios.pageShift());
                      if (part.contains(va)) {
                        page.accept(pfn);
                      }
                    }));
  }

  /** Splits the leaf that maps a page at an address, if one does. */
  void splitIfMapping(long pfn, long va) {
    if (entries().count() > 0) {
      try (PageGather gather = mm.gather()) {
        mapping(pfn, va, gather.gather()).ifPresent(this::split);
        gather.flush();
      }
    }
  }
}
