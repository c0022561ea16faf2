package org.mmport.pgtable;

import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.VaRegion;

/**
 * Entries of roots as such: those of the kernel's half, which every address space has. What they
 * point at belongs to the kernel's tables.
 */
final class RootEntries {
  private final TableSpace space;
  private final PagingGeometry geometry;
  private final PteFormat format;
  private final TreeEntries entries;
  private final Level level;

  RootEntries(MmTables mm) {
    this.space = mm.space();
    this.geometry = space.variant().geometry();
    this.format = space.variant().format();
    this.entries = new TreeEntries(mm);
    this.level = geometry.rootLevel();
  }

  /**
   * Sees to it that every entry for an area points at a table, which stays however empty it
   * becomes: one entry more counts as used in it than there is.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for all of the tables;
   *     nothing changed then
   */
  void preallocate(long root, VaRegion area, MmuGather gather) {
    Level below = geometry.nextReal(level);
    int[] needed = new int[Level.values().length];
    int last = geometry.index(level, area.lastVa());
    for (int index = geometry.index(level, area.firstVa()); index <= last; index++) {
      needed[below.ordinal()] += format.none(entries.load(level, root, index), level) ? 1 : 0;
    }
    try (TableReserve reserve = new TableReserve(space, needed)) {
      long va = area.firstVa() & -geometry.spanBytes(level);
      for (int index = geometry.index(level, va); index <= last; index++) {
        if (format.none(entries.load(level, root, index), level)) {
          long fresh = reserve.take(below, va);
          space.empty(fresh, below);
          entries.hook(level, root, index, fresh, va, va, gather);
        }
        space.addLive(format.tableAddr(entries.load(level, root, index), level), 1);
        va += geometry.spanBytes(level);
      }
    }
  }

  /**
   * Refuses what is in use.
   *
   * @throws InvalidRequestException where an entry for an area is not none
   */
  void requireNone(long root, VaRegion area) {
    int first = geometry.index(level, area.firstVa());
    int count = geometry.index(level, area.lastVa()) - first + 1;
    int used = space.code(level).firstUsed(space.entryMemory(), root, first, count);
    if (used < first + count) {
      throw new InvalidRequestException(
          "kernel's half 0x%016x..0x%016x: %s entry 0x%x is in use already; unmap what is there"
              .formatted(area.firstVa(), area.lastVa(), level, entries.load(level, root, used)));
    }
  }

  /** Makes the entries for an area in one root those that they are in another. */
  void copy(long from, long to, VaRegion area, MmuGather gather) {
    long spanBytes = geometry.spanBytes(level);
    int last = geometry.index(level, area.lastVa());
    long va = area.firstVa() & -spanBytes;
    for (int index = geometry.index(level, va); index <= last; index++, va += spanBytes) {
      long old = entries.load(level, to, index);
      long raw = entries.load(level, from, index);
      if (raw != old) {
        store(to, index, raw);
        entries.owe(old, raw, level, va, va + spanBytes - 1, gather);
      }
    }
  }

  /** Empties the entries for an area in a root that no CPU uses any more. */
  void clear(long root, VaRegion area) {
    int last = geometry.index(level, area.lastVa());
    for (int index = geometry.index(level, area.firstVa()); index <= last; index++) {
      store(root, index, format.empty(level));
    }
  }

  /** Stores an entry, and counts it as used in the root if it is not none. */
  private void store(long root, int index, long raw) {
    int used = format.none(entries.load(level, root, index), level) ? 0 : 1;
    entries.store(level, root, index, raw);
    space.addLive(root, (format.none(raw, level) ? 0 : 1) - used);
  }
}
