package org.mmport.pgtable;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.mmport.machine.LockRank;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;

/** Finds, and makes where missing, the tables of the last level of one address space. */
final class PteTables {
  static final long ABSENT = -1;

  private final MmTables mm;
  private final TableSharing sharing;
  private final TableSpace space;
  private final PagingGeometry geometry;
  private final TreeShape shape;
  private final PteFormat format;
  private final TreeEntries entries;

  /** For those who hook tables side by side: {@code page_table_lock}. */
  private final ReentrantLock hookLock;

  PteTables(MmTables mm, TableSharing sharing, long root) {
    this.mm = mm;
    this.sharing = sharing;
    this.space = mm.space();
    this.geometry = space.variant().geometry();
    this.shape = space.shape();
    this.format = space.variant().format();
    this.entries = new TreeEntries(mm);
    this.hookLock = space.newLock(LockRank.PAGE_TABLES, space.descriptors().id(root));
  }

  /** The table that serves an address; {@link #ABSENT} where there is none, or a larger leaf. */
  private long tableOf(long root, long va) {
    Level level = shape.rootLevel();
    long table = root;
    while (level != Level.PTE) {
      long raw = entries.load(level, table, shape.index(level, va));
      if (!entries.isTable(raw, level)) {
        return ABSENT;
      }
      table = format.tableAddr(raw, level);
      level = shape.nextReal(level);
    }
    return table;
  }

  Optional<PteTable> find(long root, long va, MmuGather gather) {
    sharing.unshare(root, va, va, gather);
    long table = tableOf(root, va);
    return table == ABSENT ? Optional.empty() : Optional.of(at(table, va, gather));
  }

  /** The one that others may use too. */
  Optional<PteView> view(long root, long va, MmuGather gather) {
    long table = tableOf(root, va);
    return table == ABSENT ? Optional.empty() : Optional.of(at(table, va, gather));
  }

  /**
   * The one that all who use it agree to change, made below the last table that they share where it
   * is missing. Tables that are hooked there are so for all of them.
   */
  PteTable ofAll(List<Long> roots, long va, MmuGather gather) {
    sharing.requireAll(roots, va);
    return at(allocTo(roots.getFirst(), Level.PTE, va, gather), va, gather);
  }

  PteTable alloc(long root, long va, MmuGather gather) {
    sharing.unshare(root, va, va, gather);
    return at(allocTo(root, Level.PTE, va, gather), va, gather);
  }

  /**
   * The same while others do so too. Tables are hooked under a lock of the address space; nobody
   * takes any away meanwhile, so to look for one takes none.
   *
   * @return empty where a larger leaf is
   */
  Optional<PteTable> allocBeside(long root, long va, MmuGather gather) {
    Level level = shape.rootLevel();
    long table = root;
    while (level != Level.PTE) {
      long raw = entries.load(level, table, shape.index(level, va));
      if (format.none(raw, level)) {
        return Optional.of(at(allocLocked(root, va, gather), va, gather));
      }
      if (!entries.isTable(raw, level)) {
        return Optional.empty();
      }
      table = format.tableAddr(raw, level);
      level = shape.nextReal(level);
    }
    return Optional.of(at(table, va, gather));
  }

  /** Looks again, and pays what hooking owes before anybody else hooks anything. */
  private long allocLocked(long root, long va, MmuGather gather) {
    hookLock.lock();
    try {
      long table = allocTo(root, Level.PTE, va, gather);
      gather.flush();
      return table;
    } finally {
      hookLock.unlock();
    }
  }

  /**
   * The table of a level that serves an address, made with all above it where missing.
   *
   * @throws InvalidRequestException where a larger leaf is
   */
  long allocTo(long root, Level lowest, long va, MmuGather gather) {
    Level level = shape.rootLevel();
    long table = root;
    while (level != lowest) {
      long raw = entries.load(level, table, shape.index(level, va));
      if (format.none(raw, level)) {
        return allocBelow(level, table, lowest, va, gather);
      }
      if (!entries.isTable(raw, level)) {
        throw new InvalidRequestException(
            "page table of 0x%016x: a %s leaf is there, 0x%x; split or unmap it first"
                .formatted(va, level, raw));
      }
      table = format.tableAddr(raw, level);
      level = shape.nextReal(level);
    }
    return table;
  }

  /**
   * The same below an entry that is none. All tables are allocated before any is hooked; an empty
   * one harms nobody.
   */
  private long allocBelow(Level highest, long above, Level lowest, long va, MmuGather gather) {
    if (shape.nextReal(highest) == lowest) {
      // Nearly always, and then there is nothing to keep back.
      long fresh = space.allocTable(lowest);
      space.describe(fresh, va & -shape.spanBytes(highest));
      return hook(highest, above, fresh, va, gather);
    }
    try (TableReserve reserve = new TableReserve(space, oneOfEach(highest, lowest))) {
      long table = above;
      for (Level level = highest; level != lowest; level = shape.nextReal(level)) {
        long fresh = reserve.take(shape.nextReal(level), va & -shape.spanBytes(level));
        table = hook(level, table, fresh, va, gather);
      }
      return table;
    }
  }

  private long hook(Level level, long table, long fresh, long va, MmuGather gather) {
    space.empty(fresh, shape.nextReal(level));
    entries.hook(level, table, shape.index(level, va), fresh, va, va, gather);
    return fresh;
  }

  private int[] oneOfEach(Level above, Level lowest) {
    int[] needed = new int[Level.values().length];
    for (Level level = above; level != lowest; ) {
      level = shape.nextReal(level);
      needed[level.ordinal()] = 1;
    }
    return needed;
  }

  /** A table that nobody shares. */
  PteTable at(long table, long va, MmuGather gather) {
    long firstVa = va - shape.index(Level.PTE, va) * geometry.pageBytes();
    return new PteTable(mm, table, firstVa & -geometry.pageBytes(), gather);
  }

  private void visit(
      Level level, long table, long va, long lastVa, MmuGather gather, PteTableVisitor visitor) {
    if (level == Level.PTE) {
      int first = shape.index(level, va);
      int count = shape.index(level, lastVa) - first + 1;
      visitor.entries(at(table, va, gather), first, count, va);
      return;
    }
    long spanBytes = shape.spanBytes(level);
    for (long at = va; ; ) {
      long last = TreeEntries.unsignedMin(lastVa, at | (spanBytes - 1));
      long raw = entries.load(level, table, shape.index(level, at));
      if (entries.isTable(raw, level)) {
        long below = format.tableAddr(raw, level);
        visit(shape.nextReal(level), below, at, last, gather, visitor);
      }
      if (last == lastVa) {
        return;
      }
      at = last + 1;
    }
  }

  void visit(long root, long va, long lastVa, MmuGather gather, PteTableVisitor visitor) {
    sharing.unshare(root, va, lastVa, gather);
    visit(shape.rootLevel(), root, va, lastVa, gather, visitor);
  }

  /** Those that others may use too. */
  void view(long root, long va, long lastVa, MmuGather gather, PteViewVisitor visitor) {
    visit(shape.rootLevel(), root, va, lastVa, gather, visitor::entries);
  }
}
