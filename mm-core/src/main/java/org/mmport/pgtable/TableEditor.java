package org.mmport.pgtable;

import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.LevelGeometry;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.UnsupportedMmuFeatureException;

/**
 * Changes ranges: recursion over levels, with the entries of one table left to {@link EntryCode}.
 * Every operation first finds out what tables it needs and whether it may proceed at all, then
 * allocates, then changes; the change itself cannot fail.
 */
final class TableEditor {
  private static final long ABSENT = -1;

  private final MmTables mm;
  private final TableSpace space;
  private final TableOwner owner;
  private final MmuVariant variant;
  private final PagingGeometry geometry;
  private final TreeShape shape;
  private final PteFormat format;
  private final EntryCode code;
  private final EntryMemory memory;
  private final TreeEntries entries;

  TableEditor(MmTables mm) {
    this.mm = mm;
    this.space = mm.space();
    this.owner = mm.owner();
    this.variant = space.variant();
    this.geometry = variant.geometry();
    this.shape = space.shape();
    this.format = variant.format();
    this.code = space.code();
    this.memory = space.entryMemory();
    this.entries = new TreeEntries(mm);
  }

  // Mapping.

  void map(long root, MapRequest request, MmuGather gather) {
    int[] needed = new int[Level.values().length];
    planMap(shape.rootLevel(), root, request.va(), request.lastVa(), request, needed);
    try (TableReserve reserve = new TableReserve(space, needed)) {
      buildMap(shape.rootLevel(), root, request.va(), request.lastVa(), request, reserve, gather);
    }
  }

  /** Refuses an overlap and counts the tables that are missing. */
  private void planMap(
      Level level, long table, long va, long lastVa, MapRequest request, int[] needed) {
    if (level == Level.PTE) {
      requireReach(va, lastVa, request);
      if (table != ABSENT) {
        int first = shape.index(level, va);
        int count = shape.index(level, lastVa) - first + 1;
        int used = space.code(level).firstUsed(memory, table, first, count);
        if (used < first + count) {
          throw overlap(level, va + (used - first) * shape.spanBytes(level), table, used, request);
        }
      }
      return;
    }
    Level below = shape.nextReal(level);
    long spanBytes = shape.spanBytes(level);
    for (long at = va; ; ) {
      long last = TreeEntries.unsignedMin(lastVa, at | (spanBytes - 1));
      int index = shape.index(level, at);
      long raw = table == ABSENT ? format.empty(level) : entries.load(level, table, index);
      if (format.none(raw, level)) {
        if (!request.isLeaf(geometry, level, at, last)) {
          needed[below.ordinal()]++;
          planMap(below, ABSENT, at, last, request, needed);
        }
      } else {
        if (entries.isTable(raw, level)) {
          planMap(below, format.tableAddr(raw, level), at, last, request, needed);
        }
        // A table is only there for what is mapped through it, so it cannot make way for a leaf.
        if (!entries.isTable(raw, level) || request.isLeaf(geometry, level, at, last)) {
          throw overlap(level, at, table, index, request);
        }
      }
      if (last == lastVa) {
        return;
      }
      at = last + 1;
    }
  }

  /** Larger leaves may reach further than pages do. */
  private void requireReach(long va, long lastVa, MapRequest request) {
    long last = geometry.lastPhysAddr(Level.PTE);
    if (Long.compareUnsigned(request.physAddrOf(lastVa), last) > 0) {
      throw new InvalidRequestException(
          "map 0x%016x to physical 0x%x: pages of %s end at 0x%x; align all to larger leaves"
              .formatted(va, request.physAddrOf(va), variant.id(), last));
    }
  }

  private InvalidRequestException overlap(
      Level level, long va, long table, int index, MapRequest request) {
    return new InvalidRequestException(
        "map 0x%016x..0x%016x: overlaps what is at 0x%016x (%s entry 0x%x); unmap that first"
            .formatted(
                request.va(), request.lastVa(), va, level, entries.load(level, table, index)));
  }

  private void buildMap(
      Level level,
      long table,
      long va,
      long lastVa,
      MapRequest request,
      TableReserve reserve,
      MmuGather gather) {
    long spanBytes = shape.spanBytes(level);
    for (long at = va; ; ) {
      long last = TreeEntries.unsignedMin(lastVa, at | (spanBytes - 1));
      if (request.isLeaf(geometry, level, at, last)) {
        int count = leavesFrom(level, at, lastVa, request);
        long raw = format.mkLeaf(request.physAddrOf(at), request.pgprot(), level);
        space.code(level).fill(mm, table, shape.index(level, at), count, raw, at, gather);
        last = at + count * spanBytes - 1;
      } else {
        buildBelow(level, table, at, last, request, reserve, gather);
      }
      if (last == lastVa) {
        return;
      }
      at = last + 1;
    }
  }

  /**
   * How many entries in a row become leaves. All but the last are whole, so only the last can fail
   * to.
   */
  private int leavesFrom(Level level, long at, long lastVa, MapRequest request) {
    int count = shape.index(level, lastVa) - shape.index(level, at) + 1;
    long lastEntry = lastVa & -shape.spanBytes(level);
    return request.isLeaf(geometry, level, lastEntry, lastVa) ? count : count - 1;
  }

  private void buildBelow(
      Level level,
      long table,
      long va,
      long lastVa,
      MapRequest request,
      TableReserve reserve,
      MmuGather gather) {
    Level below = shape.nextReal(level);
    int index = shape.index(level, va);
    long raw = entries.load(level, table, index);
    if (!format.none(raw, level)) {
      buildMap(below, format.tableAddr(raw, level), va, lastVa, request, reserve, gather);
      return;
    }
    // Filled before it is hooked, so that a walker never meets a table that is half built.
    long fresh = reserve.take(below, va & -shape.spanBytes(level));
    if (!fillsTable(below, va, lastVa)) {
      space.empty(fresh, below);
    }
    buildMap(below, fresh, va, lastVa, request, reserve, gather);
    entries.hook(level, table, index, fresh, va, lastVa, gather);
  }

  /** Whether leaves overwrite every byte of the table, so that it need not be emptied first. */
  private boolean fillsTable(Level level, long va, long lastVa) {
    LevelGeometry at = geometry.at(level);
    return level == Level.PTE
        && lastVa - va == at.entries() * shape.spanBytes(level) - 1
        && at.placement().sizeBytes() == at.entries() * geometry.entryBytes();
  }

  // Unmapping.

  void unmap(long root, long va, long lastVa, MmuGather gather) {
    try (TableReserve reserve = new TableReserve(space, planSplits(root, va, lastVa))) {
      unmap(shape.rootLevel(), root, va, lastVa, reserve, gather);
    }
  }

  private void unmap(
      Level level, long table, long va, long lastVa, TableReserve reserve, MmuGather gather) {
    if (level == Level.PTE) {
      // Whoever gives pages back has emptied them before: there is nothing to look for then.
      if (space.live(table) > 0) {
        int first = shape.index(level, va);
        int count = shape.index(level, lastVa) - first + 1;
        space.code(level).clear(mm, table, first, count, va, gather);
      }
      return;
    }
    Level below = shape.nextReal(level);
    long spanBytes = shape.spanBytes(level);
    for (long at = va; ; ) {
      long last = TreeEntries.unsignedMin(lastVa, at | (spanBytes - 1));
      int index = shape.index(level, at);
      long raw = entries.load(level, table, index);
      if (!format.none(raw, level)) {
        boolean isTable = entries.isTable(raw, level);
        if (!isTable && last - at == spanBytes - 1) {
          int count = wholeLeaves(level, table, at, lastVa);
          space.code(level).clear(mm, table, index, count, at, gather);
          last = at + count * spanBytes - 1;
        } else {
          long child =
              isTable
                  ? format.tableAddr(raw, level)
                  : split(level, table, index, at, reserve, gather);
          unmap(below, child, at, last, reserve, gather);
          if (space.live(child) == 0) {
            space.code(level).unhook(space, table, at, last, child, gather);
          }
        }
      }
      if (last == lastVa) {
        return;
      }
      at = last + 1;
    }
  }

  // Protecting.

  void protect(long root, long va, long lastVa, long pgprot, MmuGather gather) {
    try (TableReserve reserve = new TableReserve(space, planSplits(root, va, lastVa))) {
      protect(shape.rootLevel(), root, va, lastVa, pgprot, reserve, gather);
    }
  }

  private void protect(
      Level level,
      long table,
      long va,
      long lastVa,
      long pgprot,
      TableReserve reserve,
      MmuGather gather) {
    if (level == Level.PTE) {
      int first = shape.index(level, va);
      space
          .code(level)
          .protect(mm, table, first, shape.index(level, lastVa) - first + 1, va, pgprot, gather);
      return;
    }
    Level below = shape.nextReal(level);
    long spanBytes = shape.spanBytes(level);
    for (long at = va; ; ) {
      long last = TreeEntries.unsignedMin(lastVa, at | (spanBytes - 1));
      int index = shape.index(level, at);
      long raw = entries.load(level, table, index);
      if (entries.isTable(raw, level)) {
        protect(below, format.tableAddr(raw, level), at, last, pgprot, reserve, gather);
      } else if (format.present(raw, level)) {
        if (last - at == spanBytes - 1) {
          int count = wholeLeaves(level, table, at, lastVa);
          space.code(level).protect(mm, table, index, count, at, pgprot, gather);
          last = at + count * spanBytes - 1;
        } else {
          protect(
              below,
              split(level, table, index, at, reserve, gather),
              at,
              last,
              pgprot,
              reserve,
              gather);
        }
      }
      if (last == lastVa) {
        return;
      }
      at = last + 1;
    }
  }

  /**
   * How many entries in a row are no tables, the first one not, and lie in the range as a whole.
   */
  private int wholeLeaves(Level level, long table, long va, long lastVa) {
    int first = shape.index(level, va);
    int reached = shape.index(level, lastVa) - first;
    int whole = ((lastVa + 1) & (shape.spanBytes(level) - 1)) == 0 ? reached + 1 : reached;
    int count = 1;
    while (count < whole && !entries.isTable(entries.load(level, table, first + count), level)) {
      count++;
    }
    return count;
  }

  // Splitting.

  /**
   * The tables that splits at the two ends of a range need; more than enough where both ends lie in
   * one leaf.
   */
  private int[] planSplits(long root, long va, long lastVa) {
    int[] needed = new int[Level.values().length];
    planSplit(root, va, va, needed);
    planSplit(root, lastVa, lastVa + 1, needed);
    return needed;
  }

  /**
   * Counts the tables that it takes to have an entry end where {@code boundary} is, in the leaf
   * that holds {@code va}.
   */
  private void planSplit(long root, long va, long boundary, int[] needed) {
    Level level = shape.rootLevel();
    long table = root;
    while (level != Level.PTE && (boundary & (shape.spanBytes(level) - 1)) != 0) {
      long raw = entries.load(level, table, shape.index(level, va));
      Level below = shape.nextReal(level);
      if (format.none(raw, level)) {
        return;
      }
      if (!entries.isTable(raw, level)) {
        countSplits(raw, level, va, boundary, needed);
        return;
      }
      table = format.tableAddr(raw, level);
      level = below;
    }
  }

  /** Every level that pieces land on is asked, so that no split is left half done. */
  private void countSplits(long raw, Level leafLevel, long va, long boundary, int[] needed) {
    if (!format.present(raw, leafLevel)) {
      throw new InvalidRequestException(
          "part of the %s swap entry 0x%x at 0x%016x: a swap entry is taken or left whole; name all of it"
              .formatted(leafLevel, raw, va));
    }
    long offset = va & (shape.spanBytes(leafLevel) - 1);
    Level level = leafLevel;
    while (level != Level.PTE && (boundary & (shape.spanBytes(level) - 1)) != 0) {
      Level below = shape.nextReal(level);
      long lastOffset = offset | (shape.spanBytes(level) - 1);
      requirePieces(raw, leafLevel, va, format.physAddr(raw, leafLevel) + lastOffset, below);
      needed[below.ordinal()]++;
      level = below;
    }
  }

  /** Refuses pieces that leaves of the level below cannot be. */
  private void requirePieces(long raw, Level leafLevel, long va, long lastPhysAddr, Level below) {
    if (Long.compareUnsigned(lastPhysAddr, geometry.lastPhysAddr(below)) > 0) {
      throw new InvalidRequestException(
          "part of the %s leaf 0x%x at 0x%016x: %s leaves end at physical 0x%x; name all of it"
              .formatted(leafLevel, raw, va, below, geometry.lastPhysAddr(below)));
    }
    if (!geometry.at(below).leafAllowed()) {
      throw new UnsupportedMmuFeatureException(
          MmuFeature.LEAF_PMD, variant.id() + " split of a " + leafLevel + " leaf");
    }
  }

  /**
   * Puts a table of smaller leaves in the place of a leaf and returns it. Hardware may set young or
   * dirty in the leaf until the moment it is replaced, so the smaller ones are made again where it
   * did.
   */
  private long split(
      Level level, long table, int index, long va, TableReserve reserve, MmuGather gather) {
    long first = va & -shape.spanBytes(level);
    long child = reserve.take(shape.nextReal(level), first);
    try {
      splitInto(level, table, index, first, child, gather);
    } catch (RuntimeException | Error e) {
      space.freeTable(child);
      throw e;
    }
    return child;
  }

  /** The same into a table that the caller brings. */
  void splitInto(Level level, long table, int index, long va, long child, MmuGather gather) {
    variant
        .batchOps()
        .isolate(mm.leaves(space.code(level), level, table, index, va, gather), index, 1);
    putInPlace(level, table, index, va, child, gather);
  }

  private void putInPlace(
      Level level, long table, int index, long va, long child, MmuGather gather) {
    Level below = shape.nextReal(level);
    long spanBytes = shape.spanBytes(level);
    int length = geometry.at(below).entries();
    long hooked = format.mkTable(child, level, owner);
    long entryAddr = entries.entryAddr(table, index);
    space.addLive(child, length);
    LeafTable leaves = mm.leaves(space.code(below), below, child, 0, va, gather);
    while (true) {
      long leaf = entries.load(level, table, index);
      space.empty(child, below);
      variant.batchOps().set(leaves, 0, length, format.splitLeaf(leaf, level, below));
      TlbDuty duty = variant.tlbRules().duty(leaf, hooked, level);
      boolean global = format.global(leaf, level);
      if (duty.breakBeforeMake()) {
        if (code.compareAndSet(memory, entryAddr, leaf, format.empty(level))) {
          long stored = leaf;
          try {
            gather.flushNow(va, spanBytes, duty, global);
            stored = hooked;
          } finally {
            code.store(memory, entryAddr, stored);
          }
          gather.hooked(below);
          return;
        }
      } else if (code.compareAndSet(memory, entryAddr, leaf, hooked)) {
        gather.add(va, spanBytes, duty, global);
        gather.hooked(below);
        return;
      }
    }
  }

  // Freeing.

  /** Frees a root and every table below it. */
  void freeAll(long root) {
    freeAll(shape.rootLevel(), root);
  }

  private void freeAll(Level level, long table) {
    if (level != Level.PTE) {
      entries.eachInUse(
          level,
          table,
          (i, raw) -> {
            if (entries.isTable(raw, level)) {
              freeOrLeave(level, format.tableAddr(raw, level));
            }
          });
    }
    space.freeTable(table);
  }

  private void freeOrLeave(Level above, long child) {
    if (space.useCount(child) > 1) {
      space.addUse(child, -1);
    } else {
      freeAll(shape.nextReal(above), child);
    }
  }
}
