package org.mmport.scenario;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.mmport.mm.AddressSpace;
import org.mmport.pgtable.TableCounts;
import org.mmport.pgtable.TableVisitor;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;

/** What the tables of an address space hold, read from memory table by table. */
final class TableRecount implements TableVisitor {
  private final Map<Level, Integer> tables = new EnumMap<>(Level.class);
  private final Map<Long, Long> leaves = new TreeMap<>(Long::compareUnsigned);

  static TableRecount of(AddressSpace space) {
    TableRecount recount = new TableRecount();
    space.pageTable().walker().visit(recount);
    return recount;
  }

  @Override
  public void table(long tableAddr, Level level, long firstVa) {
    tables.merge(level, 1, Integer::sum);
  }

  @Override
  public void leaf(long va, long raw, Level level, int rights) {
    leaves.put(va, raw);
  }

  @Override
  public void nonPresent(long va, long raw, Level level) {
    leaves.put(va, raw);
  }

  /** Entries of the last level in use by address, those that hardware is kept from too. */
  Map<Long, Long> leaves() {
    return leaves;
  }

  /** How many tables there are, and the bytes of all but the roots and P4D tables. */
  TableCounts tables(PagingGeometry geometry) {
    List<Integer> byLevel = new ArrayList<>();
    long bytes = 0;
    for (Level level : Level.values()) {
      int count = tables.getOrDefault(level, 0);
      byLevel.add(count);
      if (level != geometry.rootLevel() && level != Level.P4D) {
        bytes += (long) count * geometry.at(level).entries() * geometry.entryBytes();
      }
    }
    return new TableCounts(byLevel, bytes);
  }
}
