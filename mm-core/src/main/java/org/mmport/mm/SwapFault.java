package org.mmport.mm;

import org.mmport.cpu.Access;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** Faults on pages that are swapped out: {@code do_swap_page()}. */
final class SwapFault {
  private final WriteProtectedFault wpFault;
  private final SwapCache swapCache;
  private final SwapEntries entries;
  private final SwapIn swapIn;
  private final PteFormat format;

  SwapFault(AddressSpace mm, AnonPages anon, WriteProtectedFault wpFault) {
    this.wpFault = wpFault;
    this.swapCache = mm.system().swapCache();
    this.entries = mm.system().swapEntries();
    this.swapIn = new SwapIn(mm, anon);
    this.format = mm.system().variant().format();
  }

  /**
   * Maps the page again, from the swap cache or from its slot.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory to read it to, or to
   *     copy it to; what was read by then is mapped
   */
  FaultStatus swapIn(
      Vma vma, PteTable table, TableUsers users, long va, Access access, PageGather gather) {
    long entry = table.get(table.index(va));
    int slot = entries.slot(entry);
    FaultStatus status = swapCache.find(slot).isPresent() ? FaultStatus.MINOR : FaultStatus.MAJOR;
    long pfn = swapIn.find(vma, va, slot);
    swapIn.map(vma, table, users, va, pfn, format.mkYoung(swapIn.leaf(vma, pfn), Level.PTE));
    if (!access.writes()) {
      return status;
    }
    if (format.swapExclusive(entry, Level.PTE)) {
      // It will be written; what the slot has is of no more use.
      swapCache.dropIfNoEntry(pfn);
    }
    wpFault.writeProtected(vma, table, va, gather);
    return status;
  }
}
