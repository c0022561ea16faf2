package org.mmport.pgtable;

import org.mmport.machine.TableDescriptors;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** Shared tables, with all below them, that one address space comes to use or ceases to. */
final class SharedTables {
  private final TableDescriptors descriptors;
  private final TreeShape shape;
  private final PteFormat format;
  private final TreeEntries entries;
  private final TableSharer.Pages pages;
  private final int[] byLevel = new int[Level.PTE.ordinal() + 1];

  /**
   * None yet.
   *
   * @param pages counts what they map
   */
  SharedTables(MmTables mm, TableSharer.Pages pages) {
    TableSpace space = mm.space();
    this.descriptors = space.descriptors();
    this.shape = space.shape();
    this.format = space.variant().format();
    this.entries = new TreeEntries(mm);
    this.pages = pages;
  }

  /**
   * And one table more.
   *
   * @param id that of its descriptor
   */
  void add(Level level, long table, long id) {
    byLevel[level.ordinal()]++;
    if (level == Level.PTE) {
      pages.add(descriptors.note(id));
    } else {
      addAllOf(level, table);
    }
  }

  private void addAllOf(Level level, long table) {
    entries.eachInUse(
        level,
        table,
        (i, raw) -> {
          if (entries.isTable(raw, level)) {
            long below = format.tableAddr(raw, level);
            add(shape.nextReal(level), below, descriptors.id(below));
          }
        });
  }

  /** The address space uses them from now on. */
  void attached(MmuGather gather) {
    count(gather, 1);
    pages.attached();
  }

  /** The address space no longer uses them. */
  void dropped(MmuGather gather) {
    count(gather, -1);
    pages.dropped();
  }

  private void count(MmuGather gather, int times) {
    for (Level level : Level.values()) {
      gather.shared(level, times * byLevel[level.ordinal()]);
    }
  }
}
