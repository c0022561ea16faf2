package org.mmport.mm;

import java.util.List;

/** Takes mappings away, with their pages and tables: {@code do_vmi_munmap()}. */
final class Unmap {
  private final AddressSpace mm;

  Unmap(AddressSpace mm) {
    this.mm = mm;
  }

  /**
   * Whatever is mapped in a range of whole pages.
   *
   * @throws org.mmport.machine.OutOfFramesException when a shared table serves other mappings too,
   *     and there is no memory for a copy; nothing changed then
   */
  void range(long va, long sizeBytes) {
    mm.sharedRanges().ownEdges(va, sizeBytes);
    mm.hugeLeaves().cut(va, sizeBytes);
    List<Vma> removed = mm.mappings().remove(va, va + sizeBytes - 1);
    removed.forEach(new Mlock(mm)::leave);
    try (PageGather gather = mm.gather()) {
      new Zap(mm, gather).range(va, sizeBytes);
      mm.pageTable().unmap(va, sizeBytes, gather.gather());
      gather.flush();
    }
    mm.system().files().unmapped(removed);
  }
}
