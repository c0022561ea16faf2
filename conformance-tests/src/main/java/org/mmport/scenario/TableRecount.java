package org.mmport.scenario;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.mmport.mm.AddressSpace;
import org.mmport.pgtable.TableCounts;
import org.mmport.pgtable.TableVisitor;
import org.mmport.pgtable.TableWalker;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.VaRegion;

/** What the tables of an address space hold, read from memory table by table. */
final class TableRecount implements TableVisitor {
  private static final long NO_TABLE = -1;

  private final Map<Level, Integer> tables = new EnumMap<>(Level.class);
  private final Map<Long, Leaf> leaves = new TreeMap<>(Long::compareUnsigned);
  private final Set<Hook> hooks = new HashSet<>();
  private final Map<Level, Long> path = new EnumMap<>(Level.class);
  private List<Long> pathNow = List.of();

  /**
   * An entry of the last level, or a leaf above it.
   *
   * @param table the table that it is in, which others may use too
   * @param va the address that it is for
   * @param path the tables that lead to it, its own among them
   * @param rights what they and it leave to whoever gets there; 0 where it is not present
   */
  record Leaf(long table, long va, long raw, Level level, int rights, List<Long> path) {
    boolean isHuge() {
      return level != Level.PTE;
    }
  }

  /**
   * An entry that points at a table, or a root that a CPU can load.
   *
   * @param from the table that it is in, or a number of the address space for a root
   */
  record Hook(long from, long firstVa, long table) {}

  /** Of the process's own, if the kernel's half is there too. */
  static TableRecount of(AddressSpace space) {
    TableRecount recount = new TableRecount();
    TableWalker walker = space.pageTable().walker();
    if (space.system().hasKernel()) {
      VaRegion user = walker.variant().geometry().vaLayout().userRegion();
      walker.visit(user.firstVa(), user.lastVa(), recount);
    } else {
      walker.visit(recount);
    }
    return recount;
  }

  @Override
  public void table(long tableAddr, Level level, long firstVa) {
    tables.merge(level, 1, Integer::sum);
    long parent = NO_TABLE;
    for (Map.Entry<Level, Long> above : path.entrySet()) {
      if (above.getKey().compareTo(level) < 0) {
        parent = above.getValue();
      }
    }
    path.keySet().removeIf(at -> at.compareTo(level) > 0);
    path.put(level, tableAddr);
    pathNow = List.copyOf(path.values());
    hooks.add(new Hook(parent, firstVa, tableAddr));
  }

  @Override
  public void leaf(long va, long raw, Level level, int rights) {
    add(va, raw, level, rights);
  }

  @Override
  public void nonPresent(long va, long raw, Level level) {
    add(va, raw, level, 0);
  }

  /** Tables below the entry's belong to entries before it. */
  private void add(long va, long raw, Level level, int rights) {
    if (path.keySet().removeIf(at -> at.compareTo(level) > 0)) {
      pathNow = List.copyOf(path.values());
    }
    long table = path.getOrDefault(level, NO_TABLE);
    leaves.put(va, new Leaf(table, va, raw, level, rights, pathNow));
  }

  /** Entries in use by address, those that hardware is kept from too. */
  Map<Long, Leaf> leaves() {
    return leaves;
  }

  /** What points at each of the tables, once for each table that it is in. */
  Set<Hook> hooks() {
    return hooks;
  }

  /** How many leaves above the last level there are. */
  int hugeLeaves() {
    return (int) leaves.values().stream().filter(Leaf::isHuge).count();
  }

  /**
   * How many tables there are, and the bytes of all but the roots and P4D tables. For each leaf
   * above the last level one is put by, and counts.
   */
  TableCounts tables(PagingGeometry geometry) {
    List<Integer> byLevel = new ArrayList<>();
    long bytes = 0;
    for (Level level : Level.values()) {
      int count = tables.getOrDefault(level, 0) + (level == Level.PTE ? hugeLeaves() : 0);
      byLevel.add(count);
      if (level != geometry.rootLevel() && level != Level.P4D) {
        bytes += (long) count * geometry.at(level).entries() * geometry.entryBytes();
      }
    }
    return new TableCounts(byLevel, bytes);
  }
}
