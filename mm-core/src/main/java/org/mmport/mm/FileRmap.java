package org.mmport.mm;

import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** What truncation and writeback need of those who map a file. */
final class FileRmap implements FileMappings {
  private final MmSystem system;
  private final Rmap rmap;
  private final PteFormat format;

  FileRmap(MmSystem system, Rmap rmap) {
    this.system = system;
    this.rmap = rmap;
    this.format = system.variant().format();
  }

  /** {@code page_mkclean_one()}: clean, so that the next write is noticed. */
  @Override
  public boolean makeClean(FilePages file, long index, long pfn) {
    boolean dirty = false;
    for (Mapping mapping : rmap.of(file.id(), index, index)) {
      if (mapping.vma().shared()) {
        dirty |= makeClean(mapping.mm(), mapping.va(index), pfn);
      }
    }
    return dirty;
  }

  private boolean makeClean(AddressSpace space, long va, long pfn) {
    // Those who share the table are done with it at once, their CPUs too.
    TableUsers users = TableUsers.of(space, va);
    try (PageGather gather = users.gather()) {
      boolean dirty =
          users.table(gather).map(table -> makeClean(table, table.index(va), pfn)).orElse(false);
      gather.flush();
      return dirty;
    }
  }

  private boolean makeClean(PteTable table, int index, long pfn) {
    long raw = table.get(index);
    if (!format.present(raw, Level.PTE) || system.pfn(raw) != pfn) {
      return false;
    }
    if (!format.dirty(raw, Level.PTE) && !format.write(raw, Level.PTE)) {
      return false;
    }
    table.wrProtect(index, 1);
    // Only now is it sure that no CPU marks it once more.
    boolean dirty = format.dirty(table.get(index), Level.PTE);
    table.mkClean(index, 1);
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

  @Override
  public void unmap(FilePages file, long firstIndex, long lastIndex) {
    for (Mapping mapping : rmap.of(file.id(), firstIndex, lastIndex)) {
      long first = Math.max(firstIndex, mapping.firstPage());
      long last = Math.min(lastIndex, mapping.lastPage());
      long va = mapping.va(first);
      long bytes = mapping.va(last) - va + mapping.mm().pageBytes();
      new Mlock(mapping.mm()).leave(mapping.vma().part(va, va + bytes - 1));
      try (PageGather gather = mapping.mm().gather()) {
        new Zap(mapping.mm(), gather).range(va, bytes);
        gather.flush();
      }
    }
  }
}
