package org.mmport.spi;

/**
 * Runs without batches, to show what those are for (R4.31): as contpte was first proposed, each
 * entry that changes has its run dissolved, and the last that changes has it made again. That is
 * two flushes and four more stores an entry for each run; a fork took twenty times as long. Not for
 * use.
 *
 * @param in what makes and dissolves runs
 */
public record NaiveRuns(ContiguousRuns in) implements OverRuns {
  /** Nobody is told that entries are alike. */
  @Override
  public int hint(EntryArray table, int index) {
    return 1;
  }

  @Override
  public void set(LeafTable table, int index, int nr, long raw) {
    long physAddr = table.format().physAddr(raw, table.level());
    for (int i = 0; i < nr; i++) {
      long at = physAddr + i * table.spanBytes();
      in.set(table, index + i, 1, table.format().withPhysAddr(raw, at, table.level()));
    }
  }

  @Override
  public long clear(LeafTable table, int index, int nr) {
    long first = in.clear(table, index, 1);
    for (int i = 1; i < nr; i++) {
      first = BatchOps.gathered(first, in.clear(table, index + i, 1), table);
    }
    return first;
  }

  @Override
  public int replace(LeafTable table, int index, int nr, long old, long raw) {
    PteFormat format = table.format();
    for (int i = index; i < index + nr; i++) {
      in.isolate(table, i, 1);
      long there = table.get(i);
      long physAddr = format.physAddr(there, table.level());
      // Of a run that was dissolved, entries are no longer like the old one in saying so.
      long from = format.withPhysAddr(old & ~in.bit(), physAddr, table.level());
      long to = format.withPhysAddr(raw & ~in.bit(), physAddr, table.level());
      if (there != from || !table.compareAndSet(i, from, to)) {
        return i - index;
      }
      in.complete(table, i, to);
    }
    return nr;
  }

  @Override
  public void modify(LeafTable table, int index, int nr, long pgprot) {
    for (int i = index; i < index + nr; i++) {
      in.modify(table, i, 1, pgprot);
      in.complete(table, i, table.get(i));
    }
  }

  @Override
  public void wrProtect(LeafTable table, int index, int nr) {
    for (int i = index; i < index + nr; i++) {
      in.wrProtect(table, i, 1);
      in.complete(table, i, table.get(i));
    }
  }
}
