package org.mmport.conformance;

import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;

/** A table that is another one until a method is overridden. */
class FilterLeafTable implements LeafTable {
  private final LeafTable in;

  FilterLeafTable(LeafTable in) {
    this.in = in;
  }

  @Override
  public Level level() {
    return in.level();
  }

  @Override
  public PteFormat format() {
    return in.format();
  }

  @Override
  public long spanBytes() {
    return in.spanBytes();
  }

  @Override
  public int length() {
    return in.length();
  }

  @Override
  public TableOwner owner() {
    return in.owner();
  }

  @Override
  public boolean oneFolio(long physAddr, long sizeBytes) {
    return in.oneFolio(physAddr, sizeBytes);
  }

  @Override
  public long get(int index) {
    return in.get(index);
  }

  @Override
  public void set(int index, long raw) {
    in.set(index, raw);
  }

  @Override
  public long take(int index, int nr) {
    return in.take(index, nr);
  }

  @Override
  public boolean compareAndSet(int index, long expected, long raw) {
    return in.compareAndSet(index, expected, raw);
  }

  @Override
  public void fill(int index, int nr, long raw) {
    in.fill(index, nr, raw);
  }

  @Override
  public int replace(int index, int nr, long old, long raw) {
    return in.replace(index, nr, old, raw);
  }

  @Override
  public void flushNow(int index, int nr, long oldRaw) {
    in.flushNow(index, nr, oldRaw);
  }

  @Override
  public void owe(int index, int nr, long oldRaw, long newRaw) {
    in.owe(index, nr, oldRaw, newRaw);
  }
}
