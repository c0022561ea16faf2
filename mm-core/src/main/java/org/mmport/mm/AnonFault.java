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
   * The entry is none. What is read first is the page of zeros; what is written first is in as
   * large a folio as there may be.
   *
   * @throws OutOfFramesException when there is not even one page
   */
  FaultStatus missing(Vma vma, PteTable table, long va, Access access) {
    if (access.writes()) {
      int order = mapFolio(vma, table, va);
      mm.count(table, 1L << order, 0, 0);
    } else {
      table.set(table.index(va), 1, zeroLeaf(vma));
    }
    return FaultStatus.MINOR;
  }

  /**
   * {@code alloc_anon_folio()}: the largest enabled order for which all is free around the address,
   * then those below for which there is a block. Returns it.
   */
  private int mapFolio(Vma vma, PteTable table, long va) {
    for (int order : system.folioOrders()) {
      long firstVa = va & -(mm.pageBytes() << order);
      if (isFree(vma, table, firstVa, order)) {
        try {
          long head = anon.allocZeroed(mm, vma, firstVa, order);
          anon.mapNew(mm, vma, table, firstVa, head, order);
          return order;
        } catch (OutOfFramesException e) {
          // No block of that order is left; a smaller one may be.
        }
      }
    }
    anon.mapNew(mm, vma, table, va, anon.allocZeroed(mm, vma, va));
    return 0;
  }

  /** Orders are below that of a table, so an aligned range is never in two. */
  private boolean isFree(Vma vma, PteTable table, long firstVa, int order) {
    long lastVa = firstVa + (mm.pageBytes() << order) - 1;
    if (!vma.contains(firstVa) || !vma.contains(lastVa)) {
      return false;
    }
    int first = table.index(firstVa);
    for (int i = first; i < first + (1 << order); i++) {
      if (!format.none(table.get(i), Level.PTE)) {
        return false;
      }
    }
    return true;
  }

  /** A leaf of the page of zeros. */
  long zeroLeaf(Vma vma) {
    long raw = format.mkYoung(anon.leaf(mm, vma, system.zeroPfn()), Level.PTE);
    return system.variant().has(MmuFeature.PTE_SPECIAL) ? format.mkSpecial(raw, Level.PTE) : raw;
  }
}
