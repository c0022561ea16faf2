package org.mmport.benchmarks;

import static org.mmport.spi.Level.PTE;

import org.mmport.machine.Folios;
import org.mmport.machine.FrameQueue;
import org.mmport.machine.PageFlag;
import org.mmport.mm.AddressSpace;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.PteTable;
import org.mmport.spi.Protection;
import org.mmport.spi.PteFormat;

/**
 * What mprotect, munmap, mremap and madvise do to entries, by loops that know no batches, as Linux
 * had them before it had large folios. They do less than mm-core: none looks for swapped pages or
 * mappings, and what a process has is not counted anew.
 */
final class Singly {
  private final PageTable tables;
  private final Folios folios;
  private final PteFormat format;
  private final int pageShift;

  Singly(AddressSpace space) {
    this.tables = space.pageTable();
    this.folios = space.system().folios();
    this.format = space.system().variant().format();
    this.pageShift = folios.pageShift();
  }

  void protect(long va, long sizeBytes, Protection protection) {
    try (MmuGather gather = gather()) {
      for (long at = 0; at < sizeBytes; at += 1L << pageShift) {
        tables.protect(va + at, 1L << pageShift, protection, gather);
      }
      gather.flush();
    }
  }

  void unmap(long va, long sizeBytes) {
    long[] unmapped = new long[(int) (sizeBytes >>> pageShift)];
    int[] found = new int[1];
    try (MmuGather gather = gather()) {
      tables.pteTables(
          va,
          sizeBytes,
          gather,
          (table, first, count, at) -> {
            for (int i = first; i < first + count; i++) {
              long raw = table.get(i);
              if (format.none(raw, PTE)) {
                continue;
              }
              long pfn = pfn(raw);
              long old = table.clear(i, 1);
              if (format.dirty(old, PTE)) {
                folios.set(pfn, PageFlag.DIRTY);
              }
              folios.addMapCount(pfn, -1);
              unmapped[found[0]++] = pfn;
            }
          });
      gather.flush();
    }
    for (int i = 0; i < found[0]; i++) {
      folios.unref(unmapped[i], 1);
    }
  }

  /** To where nothing is mapped, at the same index of other tables. */
  void move(long va, long sizeBytes, long toVa) {
    try (MmuGather gather = gather()) {
      tables.pteTables(
          va,
          sizeBytes,
          gather,
          (table, first, count, at) -> {
            PteTable to = tables.pteTableAlloc(at - va + toVa, gather);
            int anonPages = 0;
            for (int i = first; i < first + count; i++) {
              long raw = table.get(i);
              if (!format.none(raw, PTE)) {
                long old = table.clear(i, 1);
                anonPages += folios.is(pfn(old), PageFlag.ANON) ? 1 : 0;
                to.set(i, 1, old);
              }
            }
            note(table, -anonPages);
            note(to, anonPages);
          });
      tables.unmap(va, sizeBytes, gather);
      gather.flush();
    }
  }

  /** {@code lru}: where the pages come first. */
  void lazyFree(long va, long sizeBytes, FrameQueue lru) {
    try (MmuGather gather = gather()) {
      tables.pteTables(
          va,
          sizeBytes,
          gather,
          (table, first, count, at) -> {
            for (int i = first; i < first + count; i++) {
              long raw = table.get(i);
              if (format.none(raw, PTE)) {
                continue;
              }
              long pfn = pfn(raw);
              if (folios.mapCount(pfn) == 1 && !folios.is(pfn, PageFlag.SWAPCACHE)) {
                folios.clear(pfn, PageFlag.DIRTY);
                table.mkOldClean(i, 1);
                folios.set(pfn, PageFlag.LAZYFREE);
                lru.addFirst(pfn);
              }
            }
          });
      gather.flush();
    }
  }

  /** How many pages a table maps is noted in it, in its lowest bits. */
  private static void note(PteTable table, int anonPages) {
    table.setNote(table.note() + anonPages);
  }

  /** Nothing needs to be flushed: no CPU runs the process. */
  private MmuGather gather() {
    return tables.gather(request -> {});
  }

  private long pfn(long raw) {
    return format.physAddr(raw, PTE) >>> pageShift;
  }
}
