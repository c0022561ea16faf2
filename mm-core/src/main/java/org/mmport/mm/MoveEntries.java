package org.mmport.mm;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.mmport.machine.Folios;
import org.mmport.machine.PageFlag;
import org.mmport.pgtable.PteBatch;
import org.mmport.pgtable.PteBatch.Ignored;
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
  private final Folios folios;
  private final PteBatch batch;
  private final PageGather gather;
  private final long fromVa;
  private final long toVa;
  private final long sizeBytes;
  private final List<Part> parts = new ArrayList<>();

  /** What was moved of the table at work, and is not noted yet. */
  private int anonPages;

  private int filePages;
  private int swapped;

  /** From one range to another that it does not overlap. */
  MoveEntries(AddressSpace mm, PageGather gather, long fromVa, long toVa, long sizeBytes) {
    this.mm = mm;
    this.format = mm.system().variant().format();
    this.folios = mm.system().folios();
    this.batch = new PteBatch(mm.system().variant(), EnumSet.of(Ignored.YOUNG, Ignored.DIRTY));
    this.gather = gather;
    this.fromVa = fromVa;
    this.toVa = toVa;
    this.sizeBytes = sizeBytes;
  }

  /** Entries of one table, of which the first is in use, and go to one table. */
  private record Part(PteTable from, int first, int count, long destinationVa) {}

  /**
   * Allocates the tables that entries go to. Until then nothing has moved; what was allocated is
   * left to {@link #freeEmpty}.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for them
   */
  void allocTables() {
    mm.pageTable()
        .pteTables(
            fromVa,
            sizeBytes,
            gather.gather(),
            (table, first, count, va) -> {
              for (int i = 0; i < count; ) {
                i = used(table, first, i, count);
                long destinationVa = va + i * mm.pageBytes() - fromVa + toVa;
                int part = Math.min(count - i, table.entries() - table.index(destinationVa));
                if (part > 0) {
                  mm.pageTable().pteTableAlloc(destinationVa, gather.gather());
                  parts.add(new Part(table, first + i, part, destinationVa));
                }
                i += part;
              }
            });
  }

  /** The first entry from one on that is in use, or {@code count}; both count from another. */
  private int used(PteTable table, int first, int from, int count) {
    int i = from;
    while (i < count && format.none(table.get(first + i), Level.PTE)) {
      i++;
    }
    return i;
  }

  /** Moves them into tables that are there, to entries that are none. */
  void move() {
    for (Part part : parts) {
      PteTable to =
          mm.pageTable()
              .pteTable(part.destinationVa(), gather.gather())
              .orElseThrow(() -> new IllegalStateException("tables are allocated first"));
      int toFirst = to.index(part.destinationVa());
      try {
        for (int i = 0; i < part.count(); ) {
          i += move(part.from(), part.first() + i, to, toFirst + i, part.count() - i);
        }
      } finally {
        noteMoved(part.from(), to);
      }
      if (new TableNote(part.from().note()).mayPin()) {
        // What is pinned may be one of these pages.
        to.setNote(new TableNote(to.note()).withPins().bits());
      }
    }
  }

  /**
   * Moves one entry, or all that map pages of one folio from it on: {@code
   * mremap_folio_pte_batch()}. Linux looks only where entries are cached together, for it has not
   * looked at the folio by then; here it is looked at for the table's note anyhow. Returns how many
   * it is done with.
   */
  private int move(PteTable from, int index, PteTable to, int toIndex, int most) {
    long raw = from.get(index);
    if (format.none(raw, Level.PTE)) {
      return 1;
    }
    if (!format.present(raw, Level.PTE)) {
      from.clear(index, 1);
      swapped += mm.system().swapEntries().isSwap(raw) ? 1 : 0;
      to.setNonPresent(toIndex, raw);
      return 1;
    }
    long pfn = mm.system().pfn(raw);
    boolean zero = pfn == mm.system().zeroPfn();
    int pages = zero || !folios.isLarge(pfn) ? 1 : pages(from, index, raw, pfn, most);
    // Young and dirty of all: hardware may have marked any until it was emptied.
    long moved = from.clear(index, pages);
    if (!zero && folios.is(pfn, PageFlag.ANON)) {
      anonPages += pages;
    } else if (!zero) {
      filePages += pages;
    }
    to.set(toIndex, pages, moved);
    return pages;
  }

  private int pages(PteTable from, int index, long raw, long pfn, int most) {
    return batch.length(from, index, raw, Math.min(most, folios.framesFrom(pfn)));
  }

  /** The process has as much as before, but not in the same table: noted once for all of it. */
  private void noteMoved(PteTable from, PteTable to) {
    mm.note(from, -anonPages, -filePages, -swapped);
    mm.note(to, anonPages, filePages, swapped);
    anonPages = 0;
    filePages = 0;
    swapped = 0;
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
              if (used(table, first, 0, count) == count) {
                unused.add(new Unused(at, count * mm.pageBytes()));
              }
            });
    unused.forEach(part -> mm.pageTable().unmap(part.va(), part.bytes(), gather.gather()));
  }
}
