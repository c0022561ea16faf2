package org.mmport.pgtable;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.mmport.machine.TableDescriptors;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.TlbDuty;

/**
 * Tables that several address spaces use: those with a use count above 1, and whatever is below
 * them. All that is known of who shares a table is that count.
 *
 * <p>Nobody writes through a shared table but pages that are all processes' anyway. Where it holds
 * none of those and entries above tables can say so, the entry that leads to it forbids it; else
 * those below do. So nobody need be told when one of the sharers leaves: whoever is left finds a
 * count of 1 when it comes to write, and permits it again.
 */
final class TableSharing {
  static final long ABSENT = PteTables.ABSENT;

  private final MmTables mm;
  private final PteCursor cursor;
  private final TableSpace space;
  private final TableDescriptors descriptors;
  private final MmuVariant variant;
  private final TreeShape shape;
  private final PteFormat format;
  private final TreeEntries entries;
  private final TableSharer sharer;

  /** What it costs those who share nothing is to look at this. */
  private boolean on;

  TableSharing(MmTables mm, PteCursor cursor) {
    this.mm = mm;
    this.cursor = cursor;
    this.space = mm.space();
    this.descriptors = space.descriptors();
    this.variant = space.variant();
    this.shape = space.shape();
    this.format = variant.format();
    this.entries = new TreeEntries(mm);
    this.sharer = mm.sharer();
  }

  /** The side that comes to use a table too. */
  record Other(TableSharing sharing, PteTables tables, long root, MmuGather gather) {}

  boolean isOn() {
    return on;
  }

  private void turnOn() {
    on = true;
    cursor.keepOutEverywhere();
  }

  /** The table of a level that serves an address, or {@link #ABSENT}. */
  long find(long root, Level wanted, long va) {
    Level level = shape.rootLevel();
    long table = root;
    while (level != wanted) {
      long raw = entries.load(level, table, shape.index(level, va));
      if (level == Level.PTE || !entries.isTable(raw, level)) {
        return ABSENT;
      }
      table = format.tableAddr(raw, level);
      level = shape.nextReal(level);
    }
    return table;
  }

  /** The last table on the way to an address, whatever its level: the root if there is no other. */
  long lowest(long root, long va) {
    Level level = shape.rootLevel();
    long table = root;
    while (level != Level.PTE) {
      long raw = entries.load(level, table, shape.index(level, va));
      if (!entries.isTable(raw, level)) {
        return table;
      }
      table = format.tableAddr(raw, level);
      level = shape.nextReal(level);
    }
    return table;
  }

  private Span span(Level level, long va) {
    long bytes = shape.spanBytes(level);
    return new Span(va & -bytes, va | (bytes - 1));
  }

  // Unsharing.

  void unshare(long root, long va, long lastVa, MmuGather gather) {
    unshare(root, va, lastVa, Span.NOWHERE, gather);
  }

  /** But for tables that serve nothing outside of {@code leftOut}. */
  void unshare(long root, long va, long lastVa, Span leftOut, MmuGather gather) {
    if (on) {
      unshare(shape.rootLevel(), root, new Span(va, lastVa), leftOut, gather);
    }
  }

  private void unshare(Level level, long table, Span range, Span leftOut, MmuGather gather) {
    if (level == Level.PTE) {
      return;
    }
    for (long at = range.firstVa(); ; ) {
      Span entry = span(level, at);
      long last = TreeEntries.unsignedMin(range.lastVa(), entry.lastVa());
      int index = shape.index(level, at);
      long raw = entries.load(level, table, index);
      if (entries.isTable(raw, level) && !leftOut.contains(entry)) {
        long below = own(level, table, index, entry, gather);
        unshare(shape.nextReal(level), below, new Span(at, last), leftOut, gather);
      }
      if (last == range.lastVa()) {
        return;
      }
      at = last + 1;
    }
  }

  /**
   * Has an entry of a table that is this address space's own point at one that is its own too, and
   * permit writing through it. Returns that table.
   */
  long own(Level level, long table, int index, Span span, MmuGather gather) {
    long raw = entries.load(level, table, index);
    long below = format.tableAddr(raw, level);
    if (space.useCount(below) > 1) {
      return privatise(level, table, index, span, gather);
    }
    if ((format.rights(raw, level) & Rights.WRITE) == 0) {
      space.count(SharingCounts::plusReused);
      store(level, table, index, raw, format.mkWriteTable(raw, level), span, gather);
    }
    return below;
  }

  /** {@code copy_page_range()} of one table, at the time when somebody is about to write to it. */
  private long privatise(Level level, long table, int index, Span span, MmuGather gather) {
    long raw = entries.load(level, table, index);
    long shared = format.tableAddr(raw, level);
    Level below = shape.nextReal(level);
    int[] needed = new int[Level.values().length];
    needed[below.ordinal()] = 1;
    try (TableReserve reserve = new TableReserve(space, needed)) {
      long fresh = reserve.take(below, span.firstVa());
      space.empty(fresh, below);
      if (below == Level.PTE) {
        copyLeaves(shared, fresh, span, gather);
      } else {
        copyTables(below, shared, fresh, span, gather);
      }
      space.addUse(shared, -1);
      space.count(SharingCounts::plusCopied);
      replace(level, table, index, fresh, span, gather);
      return fresh;
    }
  }

  private void copyLeaves(long shared, long fresh, Span span, MmuGather gather) {
    PteTable from = new PteTable(mm, shared, span.firstVa(), gather);
    PteTable to = new PteTable(mm, fresh, span.firstVa(), gather);
    sharer.copy(from, to);
    to.setNote(from.note());
  }

  /** Tables below a shared one become shared themselves. */
  private void copyTables(Level level, long shared, long fresh, Span span, MmuGather gather) {
    entries.eachInUse(
        level,
        shared,
        (i, raw) -> {
          requireTable(raw, level);
          Span below = span(level, span.firstVa() + i * shape.spanBytes(level));
          long both = wrProtect(level, shared, i, below, gather);
          space.addUse(format.tableAddr(both, level), 1);
          entries.store(level, fresh, i, both);
          space.addLive(fresh, 1);
        });
  }

  private void requireTable(long raw, Level level) {
    if (!entries.isTable(raw, level)) {
      throw new IllegalStateException(
          "shared table has the %s entry 0x%x, which is no table".formatted(level, raw));
    }
  }

  /** A table in the place of another that serves the same addresses. */
  private void replace(
      Level level, long table, int index, long fresh, Span span, MmuGather gather) {
    long old = entries.load(level, table, index);
    long hooked = format.mkTable(fresh, level, mm.owner());
    TlbDuty duty = variant.tlbRules().duty(old, hooked, level);
    if (duty.breakBeforeMake()) {
      entries.store(level, table, index, format.empty(level));
      gather.flushNow(span.firstVa(), span.bytes(), duty, false);
      entries.store(level, table, index, hooked);
    } else {
      entries.store(level, table, index, hooked);
      gather.add(span.firstVa(), span.bytes(), duty, false);
    }
  }

  // Sharing.

  /** Returns how many tables of that level serve any of a range: the other side uses these too. */
  int share(long root, Level level, Span range, MmuGather gather, Other other) {
    if (variant.segmentMap().hashMmu().isPresent()) {
      return 0;
    }
    Level above = shape.above(level);
    Sharing sharing = new Sharing(above, gather, other, writesAreShared(range));
    long bytes = shape.spanBytes(above) * variant.geometry().at(above).entries();
    try {
      for (long va = range.firstVa(); ; ) {
        long last = TreeEntries.unsignedMin(range.lastVa(), va | (bytes - 1));
        long table = find(root, above, va);
        if (table != ABSENT) {
          sharing.share(table, new Span(va, last));
        }
        if (last == range.lastVa()) {
          return sharing.tables;
        }
        va = last + 1;
      }
    } finally {
      // Those before one that there is no memory for are shared all the same.
      sharing.count();
    }
  }

  /** Of tables that entries of one level lead to. */
  private final class Sharing {
    private final Level above;
    private final MmuGather gather;
    private final Other other;
    private final SharedTables given;

    /** Whether any page may be all processes', or none need be asked about. */
    private final boolean anyShared;

    private int tables;

    Sharing(Level above, MmuGather gather, Other other, boolean anyShared) {
      this.above = above;
      this.gather = gather;
      this.other = other;
      this.given = new SharedTables(mm, other.sharing().sharer.pages());
      this.anyShared = anyShared;
    }

    /** Those that one table leads to. */
    void share(long table, Span range) {
      int index = shape.index(above, range.firstVa());
      int last = shape.index(above, range.lastVa());
      long va = range.firstVa();
      long raw = entries.load(above, table, index);
      while (!entries.isTable(raw, above)) {
        if (index == last) {
          return;
        }
        index++;
        va += shape.spanBytes(above);
        raw = entries.load(above, table, index);
      }
      long others = other.tables().allocTo(other.root(), above, va, other.gather());
      turnOn();
      other.sharing().turnOn();
      shareFrom(table, index, last, raw, va, others);
    }

    /**
     * From an entry on that leads to one. Apart from where the other side's table is made: together
     * they are more than the JIT compiles into one loop.
     */
    private void shareFrom(long table, int first, int last, long raw, long va, long others) {
      int before = tables;
      try {
        long shared = shareOne(table, first, raw, va, others);
        boolean repeats = goesUnchanged(shared);
        long notFrame = ~format.bits().tableFrame();
        for (int index = first + 1; index <= last; index++) {
          long next = entries.load(above, table, index);
          if (repeats && ((next ^ shared) & notFrame) == 0) {
            use(next);
            entries.store(above, others, index, next);
          } else if (entries.isTable(next, above)) {
            shareOne(table, index, next, va + (index - first) * shape.spanBytes(above), others);
          }
        }
      } finally {
        space.addLive(others, tables - before);
      }
    }

    /**
     * Whether an entry that leads elsewhere, and is alike in all else, can be given away without a
     * question: it is a table's, forbids to write, and owes nothing where there was none.
     */
    private boolean goesUnchanged(long shared) {
      return !anyShared
          && (format.rights(shared, above) & Rights.WRITE) == 0
          && entries.owesNothing(format.empty(above), shared, above);
    }

    /** Returns the entry as both sides have it then. */
    private long shareOne(long table, int index, long raw, long va, long others) {
      Span span = span(above, va);
      long both =
          anyShared
              ? wrProtect(above, table, index, span, gather)
              : wrProtectAll(above, table, index, raw, span, gather);
      use(both);
      other.sharing().store(above, others, index, format.empty(above), both, span, other.gather());
      return both;
    }

    /** Counts the table that an entry leads to as used once more. */
    private void use(long raw) {
      long below = format.tableAddr(raw, above);
      long id = descriptors.id(below);
      descriptors.addUses(id, 1);
      given.add(shape.nextReal(above), below, id);
      tables++;
    }

    void count() {
      space.count(counts -> counts.plusShared(tables));
      given.attached(other.gather());
    }
  }

  private boolean writesAreShared(Span span) {
    return sharer.writesAreShared(span.firstVa(), span.lastVa());
  }

  /**
   * Takes the right to write from what is below an entry, for all who use it, but for pages that
   * are all processes', and returns the entry as it is then.
   */
  private long wrProtect(Level level, long table, int index, Span span, MmuGather gather) {
    long raw = entries.load(level, table, index);
    if (!writesAreShared(span)) {
      return wrProtectAll(level, table, index, raw, span, gather);
    }
    wrProtectLeaves(level, raw, span, gather);
    return raw;
  }

  /** The same where no page is. */
  private long wrProtectAll(
      Level level, long table, int index, long raw, Span span, MmuGather gather) {
    long protect = format.wrProtectTable(raw, level);
    if ((format.rights(protect, level) & Rights.WRITE) == 0) {
      store(level, table, index, raw, protect, span, gather);
      return protect;
    }
    wrProtectLeaves(level, raw, span, gather);
    return raw;
  }

  /** Who shares them already did this when they came to be shared. */
  private void wrProtectLeaves(Level level, long raw, Span span, MmuGather gather) {
    long below = format.tableAddr(raw, level);
    if (space.useCount(below) == 1) {
      wrProtectBelow(shape.nextReal(level), below, span, gather);
    }
  }

  private void wrProtectBelow(Level level, long table, Span span, MmuGather gather) {
    if (level == Level.PTE) {
      sharer.wrProtect(new PteTable(mm, table, span.firstVa(), gather));
      return;
    }
    entries.eachInUse(
        level,
        table,
        (i, raw) -> {
          requireTable(raw, level);
          long firstVa = span.firstVa() + i * shape.spanBytes(level);
          wrProtect(level, table, i, span(level, firstVa), gather);
        });
  }

  // All who share.

  /**
   * That several address spaces, and nobody else, get to an address by one table of the last level,
   * or would by the one that is made below the last that there is.
   *
   * @throws IllegalStateException where one of them gets there by another, or somebody else by this
   */
  void requireAll(List<Long> roots, long va) {
    Level level = shape.rootLevel();
    Set<Long> tables = new HashSet<>(roots);
    while (level != Level.PTE) {
      Map<Long, Integer> uses = new HashMap<>();
      for (long table : tables) {
        long raw = entries.load(level, table, shape.index(level, va));
        if (tables.size() == 1 && format.none(raw, level)) {
          return;
        }
        requireTable(raw, level);
        uses.merge(format.tableAddr(raw, level), 1, Integer::sum);
      }
      uses.forEach((table, found) -> requireUses(table, found, va));
      tables = uses.keySet();
      level = shape.nextReal(level);
    }
    if (tables.size() != 1) {
      throw new IllegalStateException(
          "0x%x: %d address spaces get there by %d tables, not by one"
              .formatted(va, roots.size(), tables.size()));
    }
  }

  private void requireUses(long table, int found, long va) {
    if (space.useCount(table) != found) {
      throw new IllegalStateException(
          "table 0x%x of 0x%x has a use count of %d, and only %d of its uses are known"
              .formatted(table, va, space.useCount(table), found));
    }
  }

  // Leaving.

  /** Those that serve any of a range, and nothing but what is {@code free}. */
  void drop(long root, Span range, Span free, MmuGather gather) {
    if (on) {
      SharedTables left = new SharedTables(mm, sharer.pages());
      try {
        drop(shape.rootLevel(), root, range, free, gather, left);
      } finally {
        // Those before one that is broken are left all the same.
        left.dropped(gather);
      }
    }
  }

  private void drop(
      Level level, long table, Span range, Span free, MmuGather gather, SharedTables left) {
    if (level == Level.PTE) {
      return;
    }
    for (long at = range.firstVa(); ; ) {
      Span entry = span(level, at);
      long last = TreeEntries.unsignedMin(range.lastVa(), entry.lastVa());
      int index = shape.index(level, at);
      long raw = entries.load(level, table, index);
      if (entries.isTable(raw, level)) {
        long below = format.tableAddr(raw, level);
        if (space.useCount(below) == 1) {
          drop(shape.nextReal(level), below, new Span(at, last), free, gather, left);
        } else if (free.contains(entry)) {
          store(level, table, index, raw, format.empty(level), entry, gather);
          space.addLive(table, -1);
          long id = descriptors.id(below);
          descriptors.addUses(id, -1);
          space.count(SharingCounts::plusDropped);
          left.add(shape.nextReal(level), below, id);
        }
      }
      if (last == range.lastVa()) {
        return;
      }
      at = last + 1;
    }
  }

  private void store(
      Level level, long table, int index, long old, long raw, Span span, MmuGather gather) {
    if (raw != old) {
      entries.store(level, table, index, raw);
      entries.owe(old, raw, level, span.firstVa(), span.lastVa(), gather);
    }
  }
}
