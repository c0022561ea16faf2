package org.mmport.pgtable;

import org.mmport.spi.BatchOps;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;
import org.mmport.spi.TlbDuty;
import org.mmport.spi.TlbRules;

/** A table in memory as a port's {@link org.mmport.spi.BatchOps} sees it. */
final class Leaves implements LeafTable {
  private final MmTables mm;
  private final EntryCode code;
  private final Level level;
  private final long table;
  private final long firstVa;
  private final MmuGather gather;
  // Looked up once, for they are asked for with every entry.
  private final EntryMemory memory;
  private final PteFormat format;
  private final TlbRules rules;
  private final int length;
  private final int entryBytes;
  private final long spanBytes;

  /**
   * Those of a table.
   *
   * @param code that of the table's level
   * @param va the address that the entry at {@code index} is for
   * @param gather takes on what changes owe
   */
  Leaves(
      MmTables mm, EntryCode code, Level level, long table, int index, long va, MmuGather gather) {
    PagingGeometry geometry = mm.space().variant().geometry();
    this.mm = mm;
    this.code = code;
    this.level = level;
    this.table = table;
    this.gather = gather;
    this.memory = mm.space().entryMemory();
    this.format = mm.space().variant().format();
    this.rules = mm.space().variant().tlbRules();
    this.length = geometry.at(level).entries();
    this.entryBytes = geometry.entryBytes();
    this.spanBytes = mm.space().shape().spanBytes(level);
    this.firstVa = va - index * spanBytes;
  }

  @Override
  public Level level() {
    return level;
  }

  @Override
  public PteFormat format() {
    return format;
  }

  @Override
  public long spanBytes() {
    return spanBytes;
  }

  @Override
  public int length() {
    return length;
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
    return code.load(memory, entryAddr(index), level);
  }

  @Override
  public void set(int index, long raw) {
    code.store(memory, entryAddr(index), raw);
  }

  @Override
  public long take(int index, int nr) {
    long settled = code.takeSettled(memory, entryAddr(index), nr);
    if (!format.none(settled, level)) {
      return settled;
    }
    long first = take(index);
    for (int i = index + 1; i < index + nr; i++) {
      first = BatchOps.gathered(first, take(i), this);
    }
    return first;
  }

  private long take(int index) {
    while (true) {
      long old = get(index);
      if (compareAndSet(index, old, format.empty(level))) {
        return old;
      }
    }
  }

  @Override
  public boolean compareAndSet(int index, long expected, long raw) {
    return code.compareAndSet(memory, entryAddr(index), expected, raw);
  }

  @Override
  public void fill(int index, int nr, long raw) {
    code.storeRun(memory, entryAddr(index), nr, raw);
  }

  @Override
  public int replace(int index, int nr, long old, long raw) {
    return code.replaceRun(memory, entryAddr(index), nr, old, raw);
  }

  @Override
  public void flushNow(int index, int nr, long oldRaw) {
    TlbDuty duty = duty(oldRaw, format.empty(level));
    if (!duty.isNone()) {
      gather.flushNow(va(index), nr * spanBytes, duty, format.global(oldRaw, level));
    }
  }

  @Override
  public void owe(int index, int nr, long oldRaw, long newRaw) {
    TlbDuty duty = duty(oldRaw, newRaw);
    gather.add(va(index), nr * spanBytes, duty, format.global(oldRaw, level));
  }

  private TlbDuty duty(long oldRaw, long newRaw) {
    return rules.duty(oldRaw, newRaw, level);
  }

  private long va(int index) {
    return firstVa + index * spanBytes;
  }

  private long entryAddr(int index) {
    return table + (long) index * entryBytes;
  }
}
