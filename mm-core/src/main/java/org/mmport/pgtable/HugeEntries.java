package org.mmport.pgtable;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Consumer;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;

/**
 * The entries of one address space that may map by one leaf what a table of the last level maps:
 * those of the level above it, which is PMD, or the root where there are two levels.
 *
 * <p>For each leaf that came by {@link HugeEntry#map} a table of the last level is put by, so that
 * a split never fails for want of memory. As in Linux ({@code pgtable_trans_huge_deposit()}, {@code
 * mm_inc_nr_ptes()}) it counts as one of the address space's tables, though no entry points at it.
 *
 * <p>A table with leaves is never shared, and neither is one that leads to it: whoever shares
 * tables asks {@link #any} first.
 */
public final class HugeEntries {
  private static final long ABSENT = -1;

  private final MmTables mm;
  private final long[] roots;
  private final PteCursor cursor;
  private final TableSharing sharing;
  private final PteTables pteTables;
  private final TableEditor editor;
  private final PagingGeometry geometry;
  private final PteFormat format;
  private final TreeEntries tree;
  private final Level level;
  private final Deque<Long> deposited = new ArrayDeque<>();

  HugeEntries(
      MmTables mm,
      PteCursor cursor,
      TableSharing sharing,
      PteTables pteTables,
      TableEditor editor) {
    this.mm = mm;
    this.roots = cursor.roots;
    this.cursor = cursor;
    this.sharing = sharing;
    this.pteTables = pteTables;
    this.editor = editor;
    this.geometry = mm.space().variant().geometry();
    this.format = mm.space().variant().format();
    this.tree = new TreeEntries(mm);
    this.level = above(geometry);
  }

  /** The level above the last, PTE where there is none. */
  private static Level above(PagingGeometry geometry) {
    Level above = geometry.rootLevel();
    while (above != Level.PTE && geometry.nextReal(above) != Level.PTE) {
      above = geometry.nextReal(above);
    }
    return above;
  }

  /** The level at which a variant's leaves may map what a table of the last level maps, if any. */
  public static Optional<Level> level(MmuVariant variant) {
    Level above = above(variant.geometry());
    return above != Level.PTE && variant.geometry().at(above).leafAllowed()
        ? Optional.of(above)
        : Optional.empty();
  }

  /** How many leaves there are. */
  public int count() {
    return deposited.size();
  }

  /**
   * The entry that has a leaf at an address.
   *
   * @param gather takes on what changes of it owe
   */
  public Optional<HugeEntry> leaf(long va, MmuGather gather) {
    if (deposited.isEmpty()) {
      return Optional.empty();
    }
    long table = sharing.find(rootOf(va), level, va);
    return table == ABSENT
        ? Optional.empty()
        : Optional.of(entry(table, va, gather)).filter(HugeEntry::isLeaf);
  }

  /** The entry that serves an address, whatever is in it, if there is a table that it is in. */
  public Optional<HugeEntry> find(long va, MmuGather gather) {
    long root = rootOf(va);
    sharing.unshare(root, va, va, gather);
    long table = sharing.find(root, level, va);
    return table == ABSENT ? Optional.empty() : Optional.of(entry(table, va, gather));
  }

  /**
   * The same, with all tables above it made where missing.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for them; nothing
   *     changed then
   */
  public HugeEntry alloc(long va, MmuGather gather) {
    long root = rootOf(va);
    sharing.unshare(root, va, va, gather);
    return entry(pteTables.allocTo(root, level, va, gather), va, gather);
  }

  private HugeEntry entry(long table, long va, MmuGather gather) {
    long firstVa = va & -geometry.spanBytes(level);
    return new HugeEntry(this, table, geometry.index(level, va), firstVa, gather);
  }

  /** Tells of every leaf that has any of a range, the last address included, ascending. */
  public void leaves(long va, long lastVa, MmuGather gather, Consumer<HugeEntry> visitor) {
    if (!deposited.isEmpty()) {
      leaves(geometry.rootLevel(), rootOf(va), va, lastVa, gather, visitor);
    }
  }

  private void leaves(
      Level at, long table, long va, long lastVa, MmuGather gather, Consumer<HugeEntry> visitor) {
    long spanBytes = geometry.spanBytes(at);
    for (long next = va; ; ) {
      long last = TreeEntries.unsignedMin(lastVa, next | (spanBytes - 1));
      if (at == level) {
        HugeEntry entry = entry(table, next, gather);
        if (entry.isLeaf()) {
          visitor.accept(entry);
        }
      } else {
        long raw = tree.load(at, table, geometry.index(at, next));
        if (tree.isTable(raw, at)) {
          long below = format.tableAddr(raw, at);
          leaves(geometry.nextReal(at), below, next, last, gather, visitor);
        }
      }
      if (last == lastVa) {
        return;
      }
      next = last + 1;
    }
  }

  /** Whether any of a range, the last address included, is mapped by a leaf. */
  public boolean any(long va, long lastVa, MmuGather gather) {
    boolean[] found = new boolean[1];
    leaves(va, lastVa, gather, entry -> found[0] = true);
    return found[0];
  }

  // Tables put by.

  /**
   * A table to put by.
   *
   * @throws org.mmport.machine.OutOfFramesException when there is no memory for it
   */
  public long allocSpare() {
    return mm.space().allocTable(Level.PTE);
  }

  /** Gives one back that was not used. */
  public void freeSpare(long spare) {
    mm.space().freeTable(spare);
  }

  void deposit(long spare) {
    deposited.push(spare);
  }

  long withdraw() {
    return deposited.pop();
  }

  // For entries.

  MmTables mm() {
    return mm;
  }

  Level level() {
    return level;
  }

  PteTable pteTable(long table, long firstVa, MmuGather gather) {
    return pteTables.at(table, firstVa, gather);
  }

  TableEditor editor() {
    return editor;
  }

  void forgetWhereEditing() {
    cursor.reset();
  }

  private long rootOf(long va) {
    return roots[
        geometry
            .vaLayout()
            .regionOf(va)
            .orElseThrow(
                () ->
                    new InvalidRequestException(
                        "huge page at 0x%x: no root of %s translates it"
                            .formatted(va, mm.space().variant().id())))
            .root()];
  }
}
