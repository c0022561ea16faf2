package org.mmport.mm;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.mmport.machine.FrameAllocator;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/** Which sizes of folios memory comes in beside single pages. None at first. */
final class FolioOrders {
  /** Orders 0 and 1 are none of THP_ORDERS_ALL_ANON (include/linux/huge_mm.h). */
  private static final int MIN_ANON_ORDER = 2;

  private final MmuVariant variant;
  private volatile List<Integer> anon = List.of();

  private volatile List<Integer> file = List.of();

  FolioOrders(MmuVariant variant) {
    this.variant = variant;
  }

  /** Those of private memory, the largest first. */
  List<Integer> anon() {
    return anon;
  }

  /** Has private memory come in these, each less than a table of the last level maps. */
  void useAnon(Collection<Integer> orders) {
    anon = checked("folios", orders, MIN_ANON_ORDER, tableOrder() - 1);
  }

  /** Those of files, the largest first. */
  List<Integer> file() {
    return file;
  }

  /**
   * Has files come in these, up to what a table of the last level maps ({@code MAX_PAGECACHE_ORDER}
   * of include/linux/pagemap.h is HPAGE_PMD_ORDER).
   */
  void useFile(Collection<Integer> orders) {
    file = checked("folios of files", orders, 1, tableOrder());
  }

  /** log2 of what a table of the last level maps. */
  private int tableOrder() {
    return Integer.numberOfTrailingZeros(variant.geometry().at(Level.PTE).entries());
  }

  /** What was asked for, the largest first; refused where there cannot be one of them. */
  private List<Integer> checked(String what, Collection<Integer> orders, int first, int largest) {
    int last = Math.min(largest, FrameAllocator.MAX_ORDER);
    for (int order : orders) {
      if (order < first || order > last) {
        throw new InvalidRequestException(
            "%s of order %d: %s has those of %d to %d"
                .formatted(what, order, variant.id(), first, last));
      }
    }
    return orders.stream().distinct().sorted(Comparator.reverseOrder()).toList();
  }
}
