package org.mmport.mm;

import java.util.OptionalLong;
import org.mmport.cpu.Access;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** Faults in mappings of files: {@code do_fault()}. */
final class FilePagesFault {
  /** Entries around a read fault that are filled too where the cache has their pages. */
  private static final int FAULT_AROUND = 16;

  private final AddressSpace mm;
  private final MmSystem system;
  private final Folios folios;
  private final AnonPages anon;
  private final PteFormat format;

  FilePagesFault(AddressSpace mm, AnonPages anon) {
    this.mm = mm;
    this.system = mm.system();
    this.folios = system.folios();
    this.anon = anon;
    this.format = system.variant().format();
  }

  /**
   * The entry is none: {@code do_read_fault()}, {@code do_cow_fault()}, {@code do_shared_fault()}.
   */
  FaultStatus missing(
      Vma vma, Backing.OfFile backing, PteTable table, TableUsers users, long va, Access access) {
    FilePages file = backing.file();
    long page = pageOf(vma, backing, va);
    boolean kept = file.isWrittenBack() || file.isSwapped(page);
    OptionalLong cached = file.find(page);
    OptionalLong found = cached.isPresent() ? cached : file.get(page, 0);
    if (found.isEmpty() || page >= file.sizePages()) {
      found.ifPresent(pfn -> folios.unref(pfn, 1));
      return FaultStatus.BEYOND_FILE;
    }
    if (cached.isEmpty()) {
      system.lru().add(found.getAsLong());
    }
    FaultStatus status = cached.isPresent() || !kept ? FaultStatus.MINOR : FaultStatus.MAJOR;
    long pfn = found.getAsLong();
    if (access.writes() && !vma.shared()) {
      copy(vma, table, va, pfn);
      return status;
    }
    int filled = 1;
    map(vma, table, table.index(va), pfn, access);
    if (!access.writes()) {
      filled += around(vma, backing, table, va);
    }
    users.count(table, 0, filled, 0);
    return status;
  }

  private void copy(Vma vma, PteTable table, long va, long pfn) {
    try {
      long own = anon.allocCopy(pfn, mm, vma, va);
      anon.mapNew(mm, vma, table, va, own);
      mm.count(table, 1, 0, 0);
    } finally {
      folios.unref(pfn, 1);
    }
  }

  /** Takes over the caller's reference. */
  private void map(Vma vma, PteTable table, int index, long pfn, Access access) {
    long raw = format.mkYoung(format.wrProtect(anon.leaf(mm, vma, pfn), Level.PTE), Level.PTE);
    folios.addMapCount(pfn, 1);
    system.mlocked.mapped(vma, pfn);
    table.set(
        index,
        1,
        access.writes() ? format.mkWrite(format.mkDirty(raw, Level.PTE), Level.PTE) : raw);
  }

  /**
   * {@code do_fault_around()}: within the mapping, the table, and an aligned window. Returns how
   * many pages it mapped.
   */
  private int around(Vma vma, Backing.OfFile backing, PteTable table, long va) {
    long pageBytes = mm.pageBytes();
    long windowVa = va & -(FAULT_AROUND * pageBytes);
    int filled = 0;
    for (int i = 0; i < FAULT_AROUND; i++) {
      long at = windowVa + i * pageBytes;
      boolean sameTable = table.index(at) - table.index(windowVa) == i;
      if (vma.contains(at)
          && sameTable
          && format.none(table.get(table.index(at)), Level.PTE)
          && pageOf(vma, backing, at) < backing.file().sizePages()) {
        OptionalLong pfn = backing.file().find(pageOf(vma, backing, at));
        if (pfn.isPresent()) {
          map(vma, table, table.index(at), pfn.getAsLong(), Access.USER_READ);
          filled++;
        }
      }
    }
    return filled;
  }

  /** A write to a page of the file itself: {@code do_page_mkwrite()}. From then on it is dirty. */
  FaultStatus makeWritable(PteTable table, int index) {
    long raw = table.get(index);
    folios.set(system.pfn(raw), PageFlag.DIRTY);
    long dirty = format.mkDirty(format.mkYoung(raw, Level.PTE), Level.PTE);
    table.setAccessFlags(index, format.mkWrite(dirty, Level.PTE));
    return FaultStatus.TOUCHED;
  }

  private long pageOf(Vma vma, Backing.OfFile backing, long va) {
    return backing.pageOffset() + (va - vma.firstVa()) / mm.pageBytes();
  }
}
