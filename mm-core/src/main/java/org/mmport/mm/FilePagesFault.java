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
    OptionalLong found =
        cached.isPresent() ? cached : file.get(page, 0, system.folioOrders().file());
    if (found.isEmpty() || page >= file.sizePages()) {
      found.ifPresent(pfn -> folios.unref(pfn, 1));
      return FaultStatus.BEYOND_FILE;
    }
    if (cached.isEmpty()) {
      system.lru().add(folios.headOf(found.getAsLong()));
    }
    FaultStatus status = cached.isPresent() || !kept ? FaultStatus.MINOR : FaultStatus.MAJOR;
    long pfn = found.getAsLong();
    if (access.writes() && !vma.shared()) {
      copy(vma, table, va, pfn);
      return status;
    }
    int filled =
        access.writes()
            ? written(vma, file, table, va, pfn)
            : around(vma, backing, table, va & -mm.pageBytes(), pfn);
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

  /** Takes over as many references of the caller's ({@code set_pte_range()}). */
  private void map(Vma vma, PteTable table, int index, long pfn, int pages, Access access) {
    long raw = format.mkYoung(format.wrProtect(anon.leaf(mm, vma, pfn), Level.PTE), Level.PTE);
    if (pages == 1) {
      folios.addMapCount(pfn, 1);
    } else {
      folios.mapPages(pfn, pages);
    }
    for (int i = 0; i < pages; i++) {
      system.mlocked.mapped(vma, pfn + i);
    }
    table.set(
        index,
        pages,
        access.writes() ? format.mkWrite(format.mkDirty(raw, Level.PTE), Level.PTE) : raw);
  }

  /**
   * {@code finish_fault()}: all of the folio where all of it can be mapped, else the page. What is
   * dirty is so as a folio. Takes over the caller's reference, and returns how many pages it
   * mapped.
   */
  private int written(Vma vma, FilePages file, PteTable table, long va, long pfn) {
    int index = table.index(va);
    if (fits(vma, file, table, va, pfn)) {
      int pages = 1 << folios.order(pfn);
      int first = index - (int) (pfn - folios.headOf(pfn));
      if (nonesFrom(table, first, pages) == pages) {
        folios.ref(pfn, pages - 1);
        map(vma, table, first, folios.headOf(pfn), pages, Access.USER_WRITE);
        return pages;
      }
    }
    map(vma, table, index, pfn, 1, Access.USER_WRITE);
    return 1;
  }

  /** Whether a large folio can be mapped whole: by this table, in the mapping, within the file. */
  private boolean fits(Vma vma, FilePages file, PteTable table, long va, long pfn) {
    if (!folios.isLarge(pfn)) {
      return false;
    }
    long before = pfn - folios.headOf(pfn);
    long from = folios.framesFrom(pfn);
    int index = table.index(va);
    return index >= before
        && index + from <= table.entries()
        && vma.contains(va - before * mm.pageBytes())
        && vma.contains(va + (from - 1) * mm.pageBytes())
        && file.held(pfn) == before + from;
  }

  private int nonesFrom(PteTable table, int index, int most) {
    int nones = 0;
    while (nones < most && format.none(table.get(index + nones), Level.PTE)) {
      nones++;
    }
    return nones;
  }

  /**
   * {@code filemap_map_pages()}: within the mapping, the table, and an aligned window, or all of a
   * folio that can be mapped whole. Returns how many pages it mapped.
   *
   * @param va of the page that was faulted for
   * @param read its frame, to which the caller has a reference that is taken over
   */
  private int around(Vma vma, Backing.OfFile backing, PteTable table, long va, long read) {
    long pageBytes = mm.pageBytes();
    long windowVa = va & -(FAULT_AROUND * pageBytes);
    boolean large = folios.isLarge(read);
    int filled = 0;
    int pages;
    for (int i = 0; i < FAULT_AROUND; i += pages) {
      long at = windowVa + i * pageBytes;
      boolean sameTable = table.index(at) - table.index(windowVa) == i;
      pages = 1;
      if (vma.contains(at)
          && sameTable
          && format.none(table.get(table.index(at)), Level.PTE)
          && pageOf(vma, backing, at) < backing.file().sizePages()) {
        OptionalLong pfn =
            at == va && !large
                ? OptionalLong.of(read)
                : backing.file().find(pageOf(vma, backing, at));
        if (pfn.isPresent() && folios.isLarge(pfn.getAsLong())) {
          pages = Math.min(heldFrom(backing.file(), pfn.getAsLong()), FAULT_AROUND - i);
          filled += ofFolio(vma, backing.file(), table, at, pfn.getAsLong(), pages);
        } else if (pfn.isPresent()) {
          map(vma, table, table.index(at), pfn.getAsLong(), 1, Access.USER_READ);
          filled++;
        }
      }
    }
    if (large) {
      folios.unref(read, 1);
    }
    return filled;
  }

  /**
   * {@code filemap_map_folio_range()}: what is none yet, of all of the folio if it can be mapped
   * whole, else of so many pages from one on. Takes over the caller's reference.
   */
  private int ofFolio(Vma vma, FilePages file, PteTable table, long va, long pfn, int most) {
    boolean whole = fits(vma, file, table, va, pfn);
    int before = (int) (pfn - folios.headOf(pfn));
    int first = table.index(va) - (whole ? before : 0);
    long firstPfn = whole ? folios.headOf(pfn) : pfn;
    int pages =
        whole ? 1 << folios.order(pfn) : (int) Math.min(most, pagesInMapping(vma, table, va));
    int filled = 0;
    for (int i = 0; i < pages; ) {
      int nones = nonesFrom(table, first + i, pages - i);
      if (nones > 0) {
        folios.ref(firstPfn, nones);
        map(vma, table, first + i, firstPfn + i, nones, Access.USER_READ);
        filled += nones;
      }
      i += Math.max(1, nones);
    }
    folios.unref(pfn, 1);
    return filled;
  }

  /** Pages of a folio from one on that are its file's. */
  private int heldFrom(FilePages file, long pfn) {
    return file.held(pfn) - (int) (pfn - folios.headOf(pfn));
  }

  /** From one on, as far as the table goes. */
  private long pagesInMapping(Vma vma, PteTable table, long va) {
    long inMapping = (vma.lastVa() - va) / mm.pageBytes() + 1;
    return Math.min(inMapping, table.entries() - table.index(va));
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
