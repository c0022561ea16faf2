package org.mmport.pgtable;

import java.util.EnumMap;
import java.util.Map;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.Rights;
import org.mmport.spi.VaRegion;

/** One visit of a range of addresses: recursion over levels, bounded whatever the tables hold. */
final class TableVisit {
  static final long DEFAULT_REVISITS = 16_384;

  private final PagingGeometry geometry;
  private final PteFormat format;
  private final EntryMemory memory;
  private final EntryCode code;
  private final long[] roots;
  private final TableVisitor visitor;
  private final TableSet seen;
  private final long[] path = new long[Level.values().length];
  private final long[] leaves = new long[Level.values().length];
  private final long[] tables = new long[Level.values().length];
  private final long[] problems = new long[WalkProblem.values().length];
  private long revisitsLeft;
  private long nonPresent;

  TableVisit(
      MmuVariant variant,
      EntryMemory memory,
      EntryCode code,
      long[] roots,
      TableVisitor visitor,
      long revisits) {
    this.geometry = variant.geometry();
    this.format = variant.format();
    this.memory = memory;
    this.code = code;
    this.roots = roots;
    this.visitor = visitor;
    this.seen = new TableSet(geometry, memory.memory());
    this.revisitsLeft = revisits;
  }

  WalkSummary all() {
    return range(0, -1L);
  }

  WalkSummary range(long firstVa, long lastVa) {
    Level level = geometry.rootLevel();
    for (VaRegion region : geometry.vaLayout().regions()) {
      if (Long.compareUnsigned(region.lastVa(), firstVa) < 0
          || Long.compareUnsigned(region.firstVa(), lastVa) > 0) {
        continue;
      }
      long root = roots[region.root()];
      if (!memory.contains(root, geometry.tableBytes(level))) {
        problem(region.firstVa(), root, level, WalkProblem.TABLE_OUTSIDE_MEMORY);
        continue;
      }
      long first = Long.compareUnsigned(firstVa, region.firstVa()) > 0 ? firstVa : region.firstVa();
      long last = Long.compareUnsigned(lastVa, region.lastVa()) < 0 ? lastVa : region.lastVa();
      // Two regions may be two parts of one root, which is then no revisit.
      if (seen.add(level, root)) {
        tables[level.ordinal()]++;
        visitor.table(root, level, region.firstVa());
      }
      table(root, level, first, last, Rights.ALL);
    }
    return summary();
  }

  private void table(long table, Level level, long firstVa, long lastVa, int rights) {
    path[level.ordinal()] = table;
    long spanBytes = geometry.spanBytes(level);
    int first = geometry.index(level, firstVa);
    int last = geometry.index(level, lastVa);
    long firstSpan = firstVa & -spanBytes;
    ZeroedEntries zeroed = zeroed(table, level);
    for (int index = first; index <= last; ) {
      long raw = code.load(memory, table + (long) index * geometry.entryBytes(), level);
      if (format.none(raw, level)) {
        index = zeroed.after(index, last);
        continue;
      }
      long va = firstSpan + (index - first) * spanBytes;
      long from = index == first ? firstVa : va;
      long to = index == last ? lastVa : va + spanBytes - 1;
      entry(raw, level, va, from, to, rights);
      index++;
    }
  }

  /** What may be passed over: entries of no bits, where these are none. */
  private ZeroedEntries zeroed(long table, Level level) {
    return format.none(0, level)
        ? ZeroedEntries.of(
            memory.memory(), table, geometry.tableBytes(level), geometry.entryBytes())
        : ZeroedEntries.NONE;
  }

  private void entry(long raw, Level level, long va, long firstVa, long lastVa, int rights) {
    if (!format.valid(raw, level)) {
      nonPresent++;
      visitor.nonPresent(va, raw, level);
      return;
    }
    if (format.reserved(raw, level) != 0) {
      problem(va, raw, level, WalkProblem.RESERVED_BIT);
      return;
    }
    int left = rights & format.rights(raw, level);
    if (level == Level.PTE || (geometry.at(level).leafAllowed() && format.leaf(raw, level))) {
      leaves[level.ordinal()]++;
      visitor.leaf(va, raw, level, format.effectiveRights(left));
      return;
    }
    Level below = geometry.nextReal(level);
    long table = format.tableAddr(raw, level);
    if (!memory.contains(table, geometry.tableBytes(below))) {
      problem(va, raw, level, WalkProblem.TABLE_OUTSIDE_MEMORY);
    } else if (onPath(table, below)) {
      problem(va, raw, level, WalkProblem.CYCLE);
    } else if (seen.add(below, table)) {
      tables[below.ordinal()]++;
      descend(table, below, va, firstVa, lastVa, left);
    } else if (revisitsLeft > 0) {
      revisitsLeft--;
      descend(table, below, va, firstVa, lastVa, left);
    } else {
      problem(va, raw, level, WalkProblem.REVISIT_LIMIT);
    }
  }

  private void descend(long table, Level level, long va, long firstVa, long lastVa, int rights) {
    visitor.table(table, level, va);
    table(table, level, firstVa, lastVa, rights);
  }

  private boolean onPath(long table, Level below) {
    for (int i = geometry.rootLevel().ordinal(); i < below.ordinal(); i++) {
      if (!geometry.levels().get(i).isFolded() && path[i] == table) {
        return true;
      }
    }
    return false;
  }

  private void problem(long va, long raw, Level level, WalkProblem problem) {
    problems[problem.ordinal()]++;
    visitor.problem(va, raw, level, problem);
  }

  private WalkSummary summary() {
    Map<Level, Long> leavesByLevel = new EnumMap<>(Level.class);
    Map<Level, Long> tablesByLevel = new EnumMap<>(Level.class);
    Map<WalkProblem, Long> problemsByKind = new EnumMap<>(WalkProblem.class);
    long tableBytes = 0;
    for (Level level : Level.values()) {
      int i = level.ordinal();
      tableBytes += tables[i] * geometry.tableBytes(level);
      put(leavesByLevel, level, leaves[i]);
      put(tablesByLevel, level, tables[i]);
    }
    for (WalkProblem problem : WalkProblem.values()) {
      put(problemsByKind, problem, problems[problem.ordinal()]);
    }
    return new WalkSummary(leavesByLevel, tablesByLevel, tableBytes, nonPresent, problemsByKind);
  }

  private static <K> void put(Map<K, Long> map, K key, long count) {
    if (count > 0) {
      map.put(key, count);
    }
  }
}
