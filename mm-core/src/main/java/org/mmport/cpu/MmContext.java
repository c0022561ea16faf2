package org.mmport.cpu;

import java.util.List;
import java.util.stream.IntStream;
import org.mmport.pgtable.PageTable;
import org.mmport.spi.InvalidRequestException;

/**
 * An address space as CPUs see it: what is loaded into their registers.
 *
 * @param id what TLB entries are tagged with (PCID, ASID, PID) or segments are numbered by; from 0,
 *     never used again for another. Real CPUs have few and kernels give them out anew after a
 *     flush; here there are always enough.
 * @param roots physical addresses of the root tables, by {@link org.mmport.spi.VaRegion#root}
 */
public record MmContext(long id, List<Long> roots) {
  public MmContext {
    roots = List.copyOf(roots);
    if (id < 0 || roots.isEmpty()) {
      throw new InvalidRequestException(
          "address space %d with %d roots: ids count from 0, and there must be a root"
              .formatted(id, roots.size()));
    }
  }

  /** The address space of these tables. */
  public static MmContext of(long id, PageTable tables) {
    int roots = tables.variant().geometry().vaLayout().roots();
    return new MmContext(id, IntStream.range(0, roots).mapToObj(tables::root).toList());
  }
}
