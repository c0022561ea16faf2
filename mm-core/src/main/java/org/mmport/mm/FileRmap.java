package org.mmport.mm;

import java.util.EnumSet;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.PteBatch;
import org.mmport.pgtable.PteBatch.Ignored;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** What truncation, writeback, reclaim and collapse need of those who map a file. */
final class FileRmap implements FileMappings {
  private final MmSystem system;
  private final Rmap rmap;
  private final Folios folios;
  private final FolioEntries entries;
  private final PteBatch batch;
  private final SplitFolios splitFolios;
  private final PteFormat format;

  FileRmap(MmSystem system, Rmap rmap) {
    this.system = system;
    this.rmap = rmap;
    this.folios = system.folios();
    this.entries = new FolioEntries(system, rmap);
    this.batch = new PteBatch(system.variant(), EnumSet.allOf(Ignored.class));
    this.splitFolios = new SplitFolios(system);
    this.format = system.variant().format();
  }

  /** {@code page_vma_mkclean_one()}: clean, so that the next write is noticed. */
  @Override
  public boolean makeClean(FilePages file, long index, long pfn, int pages) {
    boolean[] dirty = {makeLeavesClean(file, index, pfn)};
    entries.each(
        pfn,
        pages,
        Vma::shared,
        (users, table, at, raw, most, gather) -> {
          int found = written(table, at, raw, most);
          if (found > 0) {
            dirty[0] |= makeClean(table, at, found);
          }
          return Math.max(found, 1);
        });
    return dirty[0];
  }

  private boolean makeLeavesClean(FilePages file, long index, long head) {
    boolean dirty = false;
    if (folios.entireMapCount(head) > 0) {
      for (Mapping mapping : rmap.of(file.id(), index, index)) {
        dirty |=
            mapping.vma().shared() && mapping.mm().hugeLeaves().makeClean(head, mapping.va(index));
      }
    }
    return dirty;
  }

  /** How many entries from one on are dirty or may be written by, and map pages in a row. */
  private int written(PteTable table, int index, long raw, int most) {
    long pfn = system.pfn(raw);
    long next = raw;
    int found = 0;
    while (format.present(next, Level.PTE)
        && system.pfn(next) == pfn + found
        && (format.dirty(next, Level.PTE) || format.write(next, Level.PTE))) {
      found += most == 1 ? 1 : table.hint(index + found);
      if (found >= most) {
        return most;
      }
      next = table.get(index + found);
    }
    return found;
  }

  private boolean makeClean(PteTable table, int index, int pages) {
    table.wrProtect(index, pages);
    // Only now is it sure that no CPU marks it once more.
    boolean dirty = false;
    for (int i = 0; i < pages; i += pages == 1 ? 1 : table.hint(index + i)) {
      dirty |= format.dirty(table.get(index + i), Level.PTE);
    }
    table.mkClean(index, pages);
    return dirty;
  }

  /**
   * Makes a file longer or shorter.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for copies of shared
   *     tables that show other pages too; nothing changed then
   */
  void truncate(FilePages file, long sizePages) {
    if (sizePages >= 0 && sizePages < file.sizePages()) {
      own(file, sizePages, file.sizePages() - 1);
      splitFolios.across(file, sizePages);
    }
    file.truncate(sizePages, this);
  }

  /**
   * Has tables that show pages of a file serve one process each, so that {@link #unmap} needs no
   * memory.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is none for the copies
   */
  private void own(FilePages file, long firstIndex, long lastIndex) {
    for (Mapping mapping : rmap.of(file.id(), firstIndex, lastIndex)) {
      long va = mapping.va(Math.max(firstIndex, mapping.firstPage()));
      long lastVa = mapping.va(Math.min(lastIndex, mapping.lastPage()));
      mapping.mm().sharedRanges().ownEdges(va, lastVa - va + mapping.mm().pageBytes());
    }
  }

  /** Has nobody map a folio any more: {@code try_to_unmap_one()}, of its pages together. */
  void unmap(long head) {
    if (folios.isLarge(head)) {
      splitFolios.splitLeaves(head);
    }
    entries.each(
        head,
        folios.framesFrom(head),
        vma -> true,
        (users, table, index, raw, most, gather) -> {
          int pages = most == 1 ? 1 : batch.length(table, index, raw, most);
          if (format.dirty(table.clear(index, pages), Level.PTE)) {
            folios.set(head, PageFlag.DIRTY);
          }
          users.count(table, 0, -pages, 0);
          rmap.remove(system.pfn(raw), pages);
          gather.releaseLater(head, pages);
          return pages;
        });
  }

  @Override
  public void unmap(FilePages file, long firstIndex, long lastIndex) {
    for (Mapping mapping : rmap.of(file.id(), firstIndex, lastIndex)) {
      long first = Math.max(firstIndex, mapping.firstPage());
      long last = Math.min(lastIndex, mapping.lastPage());
      long va = mapping.va(first);
      long bytes = mapping.va(last) - va + mapping.mm().pageBytes();
      mapping.mm().hugeLeaves().cut(va, bytes);
      new Mlock(mapping.mm()).leave(mapping.vma().part(va, va + bytes - 1));
      try (PageGather gather = mapping.mm().gather()) {
        new Zap(mapping.mm(), gather).range(va, bytes);
        gather.flush();
      }
    }
  }
}
