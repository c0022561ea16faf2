package org.mmport.pgtable;

import java.util.Optional;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;

/** Finds, and makes where missing, the tables of the last level of one address space. */
final class PteTables {
  private static final long ABSENT = -1;

  private final MmTables mm;
  private final TableSpace space;
  private final PagingGeometry geometry;
  private final PteFormat format;
  private final TreeEntries entries;

  PteTables(MmTables mm) {
    this.mm = mm;
    this.space = mm.space();
    this.geometry = space.variant().geometry();
    this.format = space.variant().format();
    this.entries = new TreeEntries(mm);
  }

  /** The table that serves an address; {@link #ABSENT} where there is none yet. */
  private long tableOf(long root, long va) {
    Level level = geometry.rootLevel();
    long table = root;
    while (level != Level.PTE) {
      long raw = entries.load(level, table, geometry.index(level, va));
      if (format.none(raw, level)) {
        return ABSENT;
      }
      if (!entries.isTable(raw, level)) {
        throw new InvalidRequestException(
            "page table of 0x%016x: a %s leaf is there, 0x%x; split or unmap it first"
                .formatted(va, level, raw));
      }
      table = format.tableAddr(raw, level);
      level = geometry.nextReal(level);
    }
    return table;
  }

  Optional<PteTable> find(long root, long va, MmuGather gather) {
    long table = tableOf(root, va);
    return table == ABSENT ? Optional.empty() : Optional.of(at(table, va, gather));
  }

  /** All that are missing are allocated before any is hooked; an empty one harms nobody. */
  PteTable alloc(long root, long va, MmuGather gather) {
    long table = tableOf(root, va);
    if (table != ABSENT) {
      return at(table, va, gather);
    }
    try (TableReserve reserve = new TableReserve(space, missing(root, va))) {
      table = root;
      for (Level level = geometry.rootLevel(); level != Level.PTE; ) {
        int index = geometry.index(level, va);
        Level below = geometry.nextReal(level);
        if (format.none(entries.load(level, table, index), level)) {
          long fresh = reserve.take(below, va & -geometry.spanBytes(level));
          space.empty(fresh, below);
          entries.hook(level, table, index, fresh, va, va, gather);
        }
        table = format.tableAddr(entries.load(level, table, index), level);
        level = below;
      }
      return at(table, va, gather);
    }
  }

  private int[] missing(long root, long va) {
    int[] needed = new int[Level.values().length];
    long table = root;
    for (Level level = geometry.rootLevel(); level != Level.PTE; ) {
      long raw =
          table == ABSENT
              ? format.empty(level)
              : entries.load(level, table, geometry.index(level, va));
      table = format.none(raw, level) ? ABSENT : format.tableAddr(raw, level);
      level = geometry.nextReal(level);
      if (table == ABSENT) {
        needed[level.ordinal()]++;
      }
    }
    return needed;
  }

  private PteTable at(long table, long va, MmuGather gather) {
    long firstVa = va - geometry.index(Level.PTE, va) * geometry.pageBytes();
    return new PteTable(mm, table, firstVa & -geometry.pageBytes(), gather);
  }

  private void visit(
      Level level, long table, long va, long lastVa, MmuGather gather, PteTableVisitor visitor) {
    if (level == Level.PTE) {
      int first = geometry.index(level, va);
      int count = geometry.index(level, lastVa) - first + 1;
      visitor.entries(at(table, va, gather), first, count, va);
      return;
    }
    long spanBytes = geometry.spanBytes(level);
    for (long at = va; ; ) {
      long last = TreeEntries.unsignedMin(lastVa, at | (spanBytes - 1));
      long raw = entries.load(level, table, geometry.index(level, at));
      if (entries.isTable(raw, level)) {
        long below = format.tableAddr(raw, level);
        visit(geometry.nextReal(level), below, at, last, gather, visitor);
      }
      if (last == lastVa) {
        return;
      }
      at = last + 1;
    }
  }

  void visit(long root, long va, long lastVa, MmuGather gather, PteTableVisitor visitor) {
    visit(geometry.rootLevel(), root, va, lastVa, gather, visitor);
  }
}
