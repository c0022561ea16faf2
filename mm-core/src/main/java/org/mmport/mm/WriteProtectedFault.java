package org.mmport.mm;

import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** Writes to pages of private mappings that may be others' too: {@code do_wp_page()}. */
final class WriteProtectedFault {
  private final AddressSpace mm;
  private final MmSystem system;
  private final AnonPages anon;
  private final PteFormat format;

  WriteProtectedFault(AddressSpace mm, AnonPages anon) {
    this.mm = mm;
    this.system = mm.system();
    this.anon = anon;
    this.format = system.variant().format();
  }

  /** Makes the page writable as it is: {@code wp_page_reuse()}. */
  FaultStatus reuse(PteTable table, int index, long raw) {
    long dirty = format.mkDirty(format.mkYoung(raw, Level.PTE), Level.PTE);
    return table.setAccessFlags(index, format.mkWrite(dirty, Level.PTE))
        ? FaultStatus.REUSED
        : FaultStatus.SPURIOUS;
  }

  /**
   * Makes the page writable as it is, or puts a copy in its place.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for the copy
   */
  FaultStatus writeProtected(Vma vma, PteTable table, long va, PageGather gather) {
    int index = table.index(va);
    long raw = table.get(index);
    long pfn = system.pfn(raw);
    if (anon.isAnon(pfn) && anon.reuse(pfn)) {
      return reuse(table, index, raw);
    }
    boolean zero = pfn == system.zeroPfn();
    long fresh = zero ? anon.allocZeroed(mm, vma, va) : anon.allocCopy(pfn, mm, vma, va);
    boolean gone = false;
    try {
      // Nobody may go on reading the old page when the first write to the new one is made.
      table.clearNow(index);
      gone = true;
    } finally {
      if (!gone) {
        system.folios().unref(fresh, 1);
      }
    }
    anon.mapNew(mm, vma, table, va, fresh);
    if (zero) {
      mm.count(table, 1, 0, 0);
      return FaultStatus.MINOR;
    }
    if (!anon.isAnon(pfn)) {
      mm.count(table, 1, -1, 0);
    }
    system.mlocked.unmapped(vma, pfn);
    system.rmap().remove(pfn, 1);
    gather.releaseLater(pfn, 1);
    return FaultStatus.COPIED;
  }
}
