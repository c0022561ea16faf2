package org.mmport.mm;

import java.util.ArrayList;
import java.util.List;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/**
 * Moves the entries of a range to another of the same address space: {@code move_ptes()} of
 * mm/mremap.c. Nothing of them changes but their place, so no page is counted anew. Entries that
 * are not present move as they are. Soft-dirty is not set, as nobody asks for it yet.
 */
final class MoveEntries {
  private final AddressSpace mm;
  private final PteFormat format;
  private final PageGather gather;
  private final long fromVa;
  private final long toVa;
  private final long sizeBytes;

  /** From one range to another that it does not overlap. */
  MoveEntries(AddressSpace mm, PageGather gather, long fromVa, long toVa, long sizeBytes) {
    this.mm = mm;
    this.format = mm.system().variant().format();
    this.gather = gather;
    this.fromVa = fromVa;
    this.toVa = toVa;
    this.sizeBytes = sizeBytes;
  }

  /** Told of an entry that is not none, and where it goes to. */
  private interface Mover {
    void move(PteTable from, int index, long destinationVa);
  }

  /**
   * Allocates the tables that entries go to. Until then nothing has moved; what was allocated is
   * left to {@link #freeEmpty}.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for them
   */
  void allocTables() {
    each(
        (from, index, destinationVa) ->
            mm.pageTable().pteTableAlloc(destinationVa, gather.gather()));
  }

  /** Moves them into tables that are there, to entries that are none. */
  void move() {
    each(
        (from, index, destinationVa) -> {
          PteTable to =
              mm.pageTable()
                  .pteTable(destinationVa, gather.gather())
                  .orElseThrow(() -> new IllegalStateException("tables are allocated first"));
          long raw = from.clear(index, 1);
          count(raw, from, -1);
          count(raw, to, 1);
          if (format.present(raw, Level.PTE)) {
            to.set(to.index(destinationVa), 1, raw);
          } else {
            to.setNonPresent(to.index(destinationVa), raw);
          }
        });
  }

  /** The process has as much as before, but not in the same table. */
  private void count(long raw, PteTable table, int count) {
    MmSystem system = mm.system();
    if (system.swapEntries().isSwap(raw)) {
      mm.note(table, 0, 0, count);
    } else if (system.pfn(raw) != system.zeroPfn()) {
      boolean anon = system.folios().is(system.pfn(raw), PageFlag.ANON);
      mm.note(table, anon ? count : 0, anon ? 0 : count, 0);
    }
  }

  private void each(Mover mover) {
    mm.pageTable()
        .pteTables(
            fromVa,
            sizeBytes,
            gather.gather(),
            (table, first, count, va) -> {
              for (int i = 0; i < count; i++) {
                if (!format.none(table.get(first + i), Level.PTE)) {
                  mover.move(table, first + i, va + i * mm.pageBytes() - fromVa + toVa);
                }
              }
            });
  }

  /** Gives tables back that serve a range and have no entry in use. */
  void freeEmpty(long va, long bytes) {
    record Unused(long va, long bytes) {}
    List<Unused> unused = new ArrayList<>();
    mm.pageTable()
        .pteTables(
            va,
            bytes,
            gather.gather(),
            (table, first, count, at) -> {
              if (isEmpty(table, first, count)) {
                unused.add(new Unused(at, count * mm.pageBytes()));
              }
            });
    unused.forEach(part -> mm.pageTable().unmap(part.va(), part.bytes(), gather.gather()));
  }

  private boolean isEmpty(PteTable table, int first, int count) {
    for (int i = first; i < first + count; i++) {
      if (!format.none(table.get(i), Level.PTE)) {
        return false;
      }
    }
    return true;
  }
}
