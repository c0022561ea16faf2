package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.VaRegion;

/**
 * Reads page tables slowly and simply: own arithmetic, own byte order, and of the port only the
 * predicates that golden rows pin down. Never follows more than five levels.
 */
final class ReferenceReader {
  /** Entries that are passed over together if all bytes of them are 0. */
  private static final int AT_ONCE = 64;

  private final PagingGeometry geometry;
  private final PteFormat format;
  private final EntryBytes bytes;
  private final List<Long> roots;
  private final List<Level> levels;

  ReferenceReader(ClauseContext c, EntryBytes bytes, List<Long> roots) {
    this.geometry = c.geometry();
    this.format = c.format();
    this.bytes = bytes;
    this.roots = roots;
    this.levels = c.realLevels();
  }

  /** An entry that is not none: a table, a leaf or something else. */
  record Entry(
      Level level, long va, long entryAddr, long raw, int rights, boolean leaf, boolean table) {}

  /** A table that is hooked somewhere, or a root. */
  record Table(Level level, long va, long tableAddr) {}

  /** The entries on the way to an address, root first; the last is where the way ends. */
  List<Entry> path(long va) {
    List<Entry> path = new ArrayList<>();
    for (VaRegion region : geometry.vaLayout().regions()) {
      if (Long.compareUnsigned(region.firstVa(), va) <= 0
          && Long.compareUnsigned(va, region.lastVa()) <= 0) {
        long table = roots.get(region.root());
        int rights = Rights.ALL;
        for (Level level : levels) {
          long entryAddr =
              table + (long) Samples.index(geometry, level, va) * geometry.entryBytes();
          Entry entry = entry(level, va & -Samples.spanBytes(geometry, level), entryAddr, rights);
          path.add(entry);
          if (!entry.table()) {
            return path;
          }
          rights = entry.rights();
          table = format.tableAddr(entry.raw(), level);
        }
      }
    }
    return path;
  }

  /** The physical address, or -1. */
  long translate(long va) {
    List<Entry> path = path(va);
    if (path.isEmpty() || !path.getLast().leaf()) {
      return -1;
    }
    Entry leaf = path.getLast();
    long offset = va & (Samples.spanBytes(geometry, leaf.level()) - 1);
    return format.physAddr(leaf.raw(), leaf.level()) + offset;
  }

  /** Every entry that is not none, tables included, in ascending order; and every table. */
  Contents contents() {
    Contents contents = new Contents(new ArrayList<>(), new ArrayList<>());
    List<Long> seenRoots = new ArrayList<>();
    for (VaRegion region : geometry.vaLayout().regions()) {
      long root = roots.get(region.root());
      if (!seenRoots.contains(root)) {
        seenRoots.add(root);
        contents.tables().add(new Table(levels.getFirst(), region.firstVa(), root));
      }
      collect(contents, 0, root, region.firstVa(), region.lastVa(), Rights.ALL);
    }
    return contents;
  }

  /** What is in page tables. */
  record Contents(List<Entry> entries, List<Table> tables) {}

  private void collect(
      Contents contents, int depth, long table, long firstVa, long lastVa, int rights) {
    Level level = levels.get(depth);
    long spanBytes = Samples.spanBytes(geometry, level);
    int first = Samples.index(geometry, level, firstVa);
    int last = Samples.index(geometry, level, lastVa);
    boolean zeroIsNone = format.none(0, level);
    for (int i = first; i <= last; i++) {
      long entryAddr = table + (long) i * geometry.entryBytes();
      // Tables are large and mostly empty.
      if (zeroIsNone
          && i % AT_ONCE == 0
          && i + AT_ONCE <= last
          && bytes.areZero(entryAddr, AT_ONCE)) {
        i += AT_ONCE - 1;
        continue;
      }
      long va = (firstVa & -spanBytes) + (i - first) * spanBytes;
      Entry entry = entry(level, va, entryAddr, rights);
      if (format.none(entry.raw(), level)) {
        continue;
      }
      contents.entries().add(entry);
      if (entry.table()) {
        long below = format.tableAddr(entry.raw(), level);
        long from = i == first ? firstVa : va;
        long to = i == last ? lastVa : va + spanBytes - 1;
        contents.tables().add(new Table(levels.get(depth + 1), va, below));
        collect(contents, depth + 1, below, from, to, entry.rights());
      }
    }
  }

  private Entry entry(Level level, long va, long entryAddr, int rightsAbove) {
    long raw = bytes.load(entryAddr);
    boolean valid = format.valid(raw, level);
    boolean leaf =
        valid
            && (level == Level.PTE
                || (geometry.at(level).leafAllowed() && format.leaf(raw, level)));
    int left = valid ? rightsAbove & format.rights(raw, level) : 0;
    int rights = leaf ? format.effectiveRights(left) : left;
    return new Entry(level, va, entryAddr, raw, rights, leaf, valid && !leaf);
  }
}
