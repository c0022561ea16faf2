package org.mmport.mm;

import java.util.OptionalLong;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** Has pages that are swapped out in memory again, in the place of the entries that name them. */
final class SwapIn {
  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final AnonPages anon;
  private final SwapCache swapCache;
  private final SwapEntries entries;
  private final PteFormat format;

  SwapIn(AddressSpace mm, AnonPages anon) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.anon = anon;
    this.swapCache = system.swapCache();
    this.entries = system.swapEntries();
    this.format = system.variant().format();
  }

  /**
   * The page of a slot, from the swap cache, or read into it.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory to read it to
   */
  long find(Vma vma, long va, int slot) {
    OptionalLong cached = swapCache.find(slot);
    if (cached.isPresent()) {
      return cached.getAsLong();
    }
    long pfn = anon.allocUnfilled(mm, vma, va);
    swapCache.requireArea().read(slot, folios.bytes(pfn));
    swapCache.addRead(slot, pfn);
    // The cache's reference stays.
    folios.unref(pfn, 1);
    return pfn;
  }

  /** Old and clean, so that a page that is only read can go again without being written. */
  long leaf(Vma vma, long pfn) {
    long raw = format.wrProtect(anon.leaf(mm, vma, pfn), Level.PTE);
    return format.mkOld(format.mkClean(raw, Level.PTE), Level.PTE);
  }

  /** Has an entry of a swapped-out page, and all who use its table, map the page again. */
  void map(Vma vma, PteTable table, TableUsers users, long va, long pfn, long leaf) {
    int index = table.index(va);
    long entry = table.get(index);
    if (format.swapExclusive(entry, Level.PTE)) {
      folios.set(pfn, PageFlag.ANON_EXCLUSIVE);
    }
    folios.ref(pfn, 1);
    folios.addMapCount(pfn, 1);
    system.mlocked.mapped(vma, pfn);
    table.clear(index, 1);
    table.set(index, 1, entries.restore(leaf, entry));
    users.count(table, 1, 0, -1);
    swapCache.freeEntry(entries.slot(entry));
  }
}
