package org.mmport.conformance;

import org.mmport.spi.BatchOps;
import org.mmport.spi.EntryArray;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;

/** Operations on runs that are another port's until a method is overridden. */
class FilterBatchOps implements BatchOps {
  private final BatchOps in;

  FilterBatchOps(BatchOps in) {
    this.in = in;
  }

  /** The table as the other port gets to see it. */
  LeafTable seen(LeafTable table) {
    return table;
  }

  @Override
  public int runEntries(Level level) {
    return in.runEntries(level);
  }

  @Override
  public boolean inRun(long raw, Level level, PteFormat format) {
    return in.inRun(raw, level, format);
  }

  @Override
  public boolean mayComplete(int index, long raw, Level level, PteFormat format) {
    return in.mayComplete(index, raw, level, format);
  }

  @Override
  public int hint(EntryArray table, int index) {
    return in.hint(table, index);
  }

  @Override
  public long get(EntryArray table, int index) {
    return in.get(table, index);
  }

  @Override
  public long getLockless(EntryArray table, int index) {
    return in.getLockless(table, index);
  }

  @Override
  public void set(LeafTable table, int index, int nr, long raw) {
    in.set(seen(table), index, nr, raw);
  }

  @Override
  public void isolate(LeafTable table, int index, int nr) {
    in.isolate(seen(table), index, nr);
  }

  @Override
  public long clear(LeafTable table, int index, int nr) {
    return in.clear(seen(table), index, nr);
  }

  @Override
  public int replace(LeafTable table, int index, int nr, long old, long raw) {
    return in.replace(seen(table), index, nr, old, raw);
  }

  @Override
  public void modify(LeafTable table, int index, int nr, long pgprot) {
    in.modify(seen(table), index, nr, pgprot);
  }

  @Override
  public void wrProtect(LeafTable table, int index, int nr) {
    in.wrProtect(seen(table), index, nr);
  }

  @Override
  public boolean mkOld(LeafTable table, int index, int nr) {
    return in.mkOld(seen(table), index, nr);
  }

  @Override
  public void mkClean(LeafTable table, int index, int nr) {
    in.mkClean(seen(table), index, nr);
  }

  @Override
  public void mkOldClean(LeafTable table, int index, int nr) {
    in.mkOldClean(seen(table), index, nr);
  }

  @Override
  public boolean setAccessFlags(LeafTable table, int index, long raw) {
    return in.setAccessFlags(seen(table), index, raw);
  }
}
