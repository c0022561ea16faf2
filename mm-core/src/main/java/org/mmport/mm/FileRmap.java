package org.mmport.mm;

import java.util.List;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Who maps a file's pages: what truncation and writeback need of address spaces. Looks through all
 * mappings for now, where Linux has an interval tree for each file.
 */
final class FileRmap implements FileMappings {
  private final MmSystem system;
  private final PteFormat format;

  FileRmap(MmSystem system) {
    this.system = system;
    this.format = system.variant().format();
  }

  /** Whether any address space maps any of the file. */
  boolean isMapped(FilePages file) {
    return system.spaces().stream()
        .flatMap(space -> space.mappings().all().stream())
        .anyMatch(vma -> vma.backing() instanceof Backing.OfFile of && of.file() == file);
  }

  /** {@code page_mkclean_one()}: clean, so that the next write is noticed. */
  @Override
  public boolean makeClean(FilePages file, long index, long pfn) {
    boolean dirty = false;
    for (AddressSpace space : system.spaces()) {
      for (Vma part : parts(space, file, index, index)) {
        if (part.shared()) {
          dirty |= makeClean(space, part.firstVa(), pfn);
        }
      }
    }
    return dirty;
  }

  private boolean makeClean(AddressSpace space, long va, long pfn) {
    try (PageGather gather = space.gather()) {
      boolean dirty =
          space
              .pageTable()
              .pteTable(va, gather.gather())
              .map(table -> makeClean(table, table.index(va), pfn))
              .orElse(false);
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

  @Override
  public void unmap(FilePages file, long firstIndex, long lastIndex) {
    for (AddressSpace space : system.spaces()) {
      for (Vma part : parts(space, file, firstIndex, lastIndex)) {
        new Mlock(space).leave(part);
        try (PageGather gather = space.gather()) {
          new Zap(space, gather).range(part.firstVa(), part.lastVa() - part.firstVa() + 1);
          gather.flush();
        }
      }
    }
  }

  /** The parts of mappings that show any of these pages. */
  private List<Vma> parts(AddressSpace space, FilePages file, long firstIndex, long lastIndex) {
    int pageShift = system.variant().geometry().pageShift();
    return space.mappings().all().stream()
        .filter(vma -> vma.backing() instanceof Backing.OfFile of && of.file() == file)
        .filter(vma -> first(vma) <= lastIndex && last(vma, pageShift) >= firstIndex)
        .map(
            vma -> {
              long from = Math.max(firstIndex, first(vma)) - first(vma);
              long to = Math.min(lastIndex, last(vma, pageShift)) - first(vma);
              return vma.part(
                  vma.firstVa() + (from << pageShift), vma.firstVa() + ((to + 1) << pageShift) - 1);
            })
        .toList();
  }

  private static long first(Vma vma) {
    return ((Backing.OfFile) vma.backing()).pageOffset();
  }

  private static long last(Vma vma, int pageShift) {
    return first(vma) + vma.pages(pageShift) - 1;
  }
}
