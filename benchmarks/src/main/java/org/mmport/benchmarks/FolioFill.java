package org.mmport.benchmarks;

import java.util.List;
import java.util.function.IntUnaryOperator;
import org.mmport.cpu.Access;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmSystem;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.VmaRights;

/** Processes that wrote to all of their memory, in folios of chosen sizes. */
final class FolioFill {
  private FolioFill() {}

  /**
   * A process with memory at {@link Workload#BASE}.
   *
   * @param units how many pieces of {@code 2^unitOrder} pages it has
   * @param order log2 of the pages of the folios that a piece lies in, by its number
   */
  static AddressSpace fill(MmSystem system, long units, int unitOrder, IntUnaryOperator order) {
    long unitBytes = Workload.PAGE_BYTES << unitOrder;
    AddressSpace space = system.create();
    space.mmap(MmapRequest.anonymous(units * unitBytes, VmaRights.READ_WRITE).at(Workload.BASE));
    for (int unit = 0; unit < units; unit++) {
      int folio = order.applyAsInt(unit);
      system.useFolios(folio == 0 ? List.of() : List.of(folio));
      long va = Workload.BASE + unit * unitBytes;
      for (long at = 0; at < unitBytes; at += Workload.PAGE_BYTES << folio) {
        space.fault(va + at, Access.USER_WRITE);
      }
    }
    system.useFolios(List.of());
    return space;
  }
}
