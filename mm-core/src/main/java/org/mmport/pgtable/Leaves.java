package org.mmport.pgtable;

import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;
import org.mmport.spi.TlbDuty;

/**
 * A table in memory as a port's {@link org.mmport.spi.BatchOps} sees it.
 *
 * @param firstVa the address that its entry 0 is for
 */
record Leaves(MmTables mm, EntryCode code, Level level, long table, long firstVa, MmuGather gather)
    implements LeafTable {

  @Override
  public PteFormat format() {
    return mm.space().variant().format();
  }

  @Override
  public long spanBytes() {
    return mm.space().variant().geometry().spanBytes(level);
  }

  @Override
  public int length() {
    return mm.space().variant().geometry().at(level).entries();
  }

  @Override
  public TableOwner owner() {
    return mm.owner();
  }

  @Override
  public boolean oneFolio(long physAddr, long sizeBytes) {
    return mm.folios().oneFolio(physAddr, sizeBytes);
  }

  @Override
  public long get(int index) {
    return code.load(memory(), entryAddr(index), level);
  }

  @Override
  public void set(int index, long raw) {
    code.store(memory(), entryAddr(index), raw);
  }

  @Override
  public long getAndSet(int index, long raw) {
    while (true) {
      long old = get(index);
      if (compareAndSet(index, old, raw)) {
        return old;
      }
    }
  }

  @Override
  public boolean compareAndSet(int index, long expected, long raw) {
    return code.compareAndSet(memory(), entryAddr(index), expected, raw);
  }

  @Override
  public void fill(int index, int nr, long raw) {
    code.storeRun(memory(), entryAddr(index), nr, raw);
  }

  @Override
  public int replace(int index, int nr, long old, long raw) {
    return code.replaceRun(memory(), entryAddr(index), nr, old, raw);
  }

  @Override
  public void flushNow(int index, int nr, long oldRaw) {
    TlbDuty duty = duty(oldRaw, format().empty(level));
    if (!duty.isNone()) {
      gather.flushNow(va(index), nr * spanBytes(), duty, format().global(oldRaw, level));
    }
  }

  @Override
  public void owe(int index, int nr, long oldRaw, long newRaw) {
    TlbDuty duty = duty(oldRaw, newRaw);
    gather.add(va(index), nr * spanBytes(), duty, format().global(oldRaw, level));
  }

  private TlbDuty duty(long oldRaw, long newRaw) {
    return mm.space().variant().tlbRules().duty(oldRaw, newRaw, level);
  }

  private EntryMemory memory() {
    return mm.space().entryMemory();
  }

  private long va(int index) {
    return firstVa + index * spanBytes();
  }

  private long entryAddr(int index) {
    return table + (long) index * mm.space().variant().geometry().entryBytes();
  }
}
