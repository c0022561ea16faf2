package org.mmport.mm;

import org.mmport.cpu.Access;
import org.mmport.machine.OutOfFramesException;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.PteFormat;

/** Faults on private memory that has nothing yet: {@code do_anonymous_page()}. */
final class AnonFault {
  private final AddressSpace mm;
  private final MmSystem system;
  private final AnonPages anon;
  private final PteFormat format;

  AnonFault(AddressSpace mm, AnonPages anon) {
    this.mm = mm;
    this.system = mm.system();
    this.anon = anon;
    this.format = system.variant().format();
  }

  /**
   * A folio that is zeroed, and not mapped yet.
   *
   * @param va of its first page
   */
  record Fresh(long va, long head, int order) {}

  /**
   * The entry is none. What is read first is the page of zeros; what is written first is in as
   * large a folio as there may be.
   *
   * @throws OutOfFramesException when there is not even one page
   */
  FaultStatus missing(Vma vma, PteTable table, long va, Access access) {
    if (access.writes()) {
      map(vma, table, alloc(vma, table, va));
    } else {
      mapZero(vma, table, va);
    }
    return FaultStatus.MINOR;
  }

  /**
   * {@code alloc_anon_folio()}: the largest enabled order for which all is free around the address,
   * then those below for which there is a block. To be mapped where it is still free.
   *
   * @throws OutOfFramesException when there is not even one page
   */
  Fresh alloc(Vma vma, PteTable table, long va) {
    for (int order : system.folioOrders().anon()) {
      long firstVa = va & -(mm.pageBytes() << order);
      if (isFree(vma, table, firstVa, order)) {
        try {
          return new Fresh(firstVa, anon.allocZeroed(mm, vma, firstVa, order), order);
        } catch (OutOfFramesException e) {
          // No block of that order is left; a smaller one may be.
        }
      }
    }
    long pageVa = va & -mm.pageBytes();
    return new Fresh(pageVa, anon.allocZeroed(mm, vma, pageVa), 0);
  }

  /** Orders are below that of a table, so an aligned range is never in two. */
  private boolean isFree(Vma vma, PteTable table, long firstVa, int order) {
    long lastVa = firstVa + (mm.pageBytes() << order) - 1;
    return vma.contains(firstVa) && vma.contains(lastVa) && isFree(table, firstVa, order);
  }

  /** {@code pte_range_none()}. */
  private boolean isFree(PteTable table, long firstVa, int order) {
    int first = table.index(firstVa);
    for (int i = first; i < first + (1 << order); i++) {
      if (!format.none(table.getLockless(i), Level.PTE)) {
        return false;
      }
    }
    return true;
  }

  /** Whether a folio can still be mapped: {@code vmf_pte_changed()}. */
  boolean isFree(PteTable table, Fresh fresh) {
    return isFree(table, fresh.va(), fresh.order());
  }

  /** Maps a folio where all is free. */
  void map(Vma vma, PteTable table, Fresh fresh) {
    if (fresh.order() == 0) {
      anon.mapNew(mm, vma, table, fresh.va(), fresh.head());
    } else {
      anon.mapNew(mm, vma, table, fresh.va(), fresh.head(), fresh.order());
    }
    mm.count(table, 1L << fresh.order(), 0, 0);
  }

  /** Maps the page of zeros where nothing is. */
  void mapZero(Vma vma, PteTable table, long va) {
    table.set(table.index(va), 1, zeroLeaf(vma));
  }

  /** A leaf of the page of zeros. */
  long zeroLeaf(Vma vma) {
    long raw = format.mkYoung(anon.leaf(mm, vma, system.zeroPfn()), Level.PTE);
    return system.variant().has(MmuFeature.PTE_SPECIAL) ? format.mkSpecial(raw, Level.PTE) : raw;
  }
}
