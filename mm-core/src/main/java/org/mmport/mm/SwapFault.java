package org.mmport.mm;

import java.util.OptionalLong;
import org.mmport.cpu.Access;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** Faults on pages that are swapped out: {@code do_swap_page()}. */
final class SwapFault {
  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final AnonPages anon;
  private final WriteProtectedFault wpFault;
  private final SwapCache swapCache;
  private final SwapEntries entries;
  private final PteFormat format;

  SwapFault(AddressSpace mm, AnonPages anon, WriteProtectedFault wpFault) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.anon = anon;
    this.wpFault = wpFault;
    this.swapCache = system.swapCache();
    this.entries = system.swapEntries();
    this.format = system.variant().format();
  }

  /**
   * Maps the page again, from the swap cache or from its slot.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory to read it to, or to
   *     copy it to; what was read by then is mapped
   */
  FaultStatus swapIn(
      Vma vma, PteTable table, TableUsers users, long va, Access access, PageGather gather) {
    int index = table.index(va);
    long entry = table.get(index);
    int slot = entries.slot(entry);
    OptionalLong cached = swapCache.find(slot);
    long pfn = cached.isPresent() ? cached.getAsLong() : readIn(vma, va, slot);
    FaultStatus status = cached.isPresent() ? FaultStatus.MINOR : FaultStatus.MAJOR;
    boolean exclusive = format.swapExclusive(entry, Level.PTE);
    if (exclusive) {
      folios.set(pfn, PageFlag.ANON_EXCLUSIVE);
    }
    folios.ref(pfn, 1);
    folios.addMapCount(pfn, 1);
    system.mlocked.mapped(vma, pfn);
    table.clear(index, 1);
    table.set(index, 1, entries.restore(leaf(vma, pfn), entry));
    users.count(table, 1, 0, -1);
    swapCache.freeEntry(slot);
    if (!access.writes()) {
      return status;
    }
    if (exclusive) {
      // It will be written; what the slot has is of no more use.
      swapCache.dropIfNoEntry(pfn);
    }
    wpFault.writeProtected(vma, table, va, gather);
    return status;
  }

  private long readIn(Vma vma, long va, int slot) {
    long pfn = anon.allocUnfilled(mm, vma, va);
    swapCache.requireArea().read(slot, folios.bytes(pfn));
    swapCache.addRead(slot, pfn);
    // The cache's reference stays.
    folios.unref(pfn, 1);
    return pfn;
  }

  /** Clean, so that a page that is only read can go again without being written. */
  private long leaf(Vma vma, long pfn) {
    long raw = format.wrProtect(anon.leaf(mm, vma, pfn), Level.PTE);
    return format.mkYoung(format.mkClean(raw, Level.PTE), Level.PTE);
  }
}
