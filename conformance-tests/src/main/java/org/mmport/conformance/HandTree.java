package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import org.mmport.pgtable.TableWalker;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;
import org.mmport.spi.VaRegion;

/**
 * Page tables written into memory byte by byte, without the code that builds tables: what walkers
 * are judged by. Tables lie one after the other from an address on.
 */
final class HandTree {
  private final ClauseContext c;
  private final Machine machine;
  private final PagingGeometry geometry;
  private final PteFormat format;
  private final List<Level> levels;
  private final List<Long> roots = new ArrayList<>();
  private long next;

  /**
   * Empty roots; the first table lies at {@code firstTable} or right after, where it is aligned.
   */
  HandTree(ClauseContext c, Machine machine, long firstTable) {
    this.c = c;
    this.machine = machine;
    this.geometry = c.geometry();
    this.format = c.format();
    this.levels = c.realLevels();
    this.next = firstTable;
    int rootCount = 1;
    for (VaRegion region : geometry.vaLayout().regions()) {
      rootCount = Math.max(rootCount, region.root() + 1);
    }
    for (int i = 0; i < rootCount; i++) {
      roots.add(newTable(levels.getFirst()));
    }
  }

  static HandTree of(ClauseContext c) {
    return new HandTree(c, c.machine(), c.geometry().pageBytes());
  }

  Machine machine() {
    return machine;
  }

  EntryBytes bytes() {
    return machine.bytes();
  }

  List<Long> roots() {
    return roots;
  }

  /** The first address behind all tables. */
  long end() {
    return next;
  }

  TableWalker walker() {
    return TableWalker.over(machine.memory(), c.variant(), roots);
  }

  /** A table of empty entries. */
  long newTable(Level level) {
    long size = geometry.at(level).placement().sizeBytes();
    long table = (next + size - 1) & -size;
    next = table + size;
    for (long entry = 0; entry < 1L << geometry.at(level).indexBits(); entry++) {
      bytes().store(table + entry * geometry.entryBytes(), format.empty(level));
    }
    return table;
  }

  /** Stores an entry at a level, making the tables above it. Returns the entry's address. */
  long put(long va, Level level, long raw) {
    long entryAddr = entryAddrOf(va, level);
    bytes().store(entryAddr, raw);
    return entryAddr;
  }

  /** The address of the entry for a virtual address, making the tables above it. */
  long entryAddrOf(long va, Level level) {
    long table = roots.get(root(va));
    for (Level at : levels) {
      long entryAddr = entryAddr(table, at, va);
      if (at == level) {
        return entryAddr;
      }
      long raw = bytes().load(entryAddr);
      if (raw == format.empty(at)) {
        long below = newTable(levels.get(levels.indexOf(at) + 1));
        raw = format.mkTable(below, at, TableOwner.USER);
        bytes().store(entryAddr, raw);
      }
      table = format.tableAddr(raw, at);
    }
    throw new IllegalArgumentException(level + " is folded");
  }

  /** The address of the entry in a table. */
  long entryAddr(long table, Level level, long va) {
    return table + (long) Samples.index(geometry, level, va) * geometry.entryBytes();
  }

  private int root(long va) {
    for (VaRegion region : geometry.vaLayout().regions()) {
      if (Long.compareUnsigned(region.firstVa(), va) <= 0
          && Long.compareUnsigned(va, region.lastVa()) <= 0) {
        return region.root();
      }
    }
    throw new IllegalArgumentException("no root translates " + ClauseContext.hex(va));
  }
}
