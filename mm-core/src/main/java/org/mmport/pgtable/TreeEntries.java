package org.mmport.pgtable;

import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;
import org.mmport.spi.TlbDuty;

/** Single entries of the tables of one address space, for those who walk down to change them. */
final class TreeEntries {
  private final TableSpace space;
  private final TableOwner owner;
  private final MmuVariant variant;
  private final PagingGeometry geometry;
  private final TreeShape shape;
  private final PteFormat format;
  private final EntryCode code;
  private final EntryMemory memory;

  TreeEntries(MmTables mm) {
    this.space = mm.space();
    this.owner = mm.owner();
    this.variant = space.variant();
    this.geometry = variant.geometry();
    this.shape = space.shape();
    this.format = variant.format();
    this.code = space.code();
    this.memory = space.entryMemory();
  }

  /** Hooks a table in where nothing is. */
  void hook(
      Level level, long table, int index, long fresh, long va, long lastVa, MmuGather gather) {
    long hooked = format.mkTable(fresh, level, owner);
    code.store(memory, entryAddr(table, index), hooked);
    space.addLive(table, 1);
    gather.hooked(shape.nextReal(level));
    owe(format.empty(level), hooked, level, va, lastVa, gather);
  }

  boolean isTable(long raw, Level level) {
    return level != Level.PTE
        && format.valid(raw, level)
        && !(geometry.at(level).leafAllowed() && format.leaf(raw, level));
  }

  /**
   * Any address below the entry will do for what is cached of the table, so no more is named than
   * was asked.
   */
  void owe(long oldRaw, long newRaw, Level level, long va, long lastVa, MmuGather gather) {
    TlbDuty duty = variant.tlbRules().duty(oldRaw, newRaw, level);
    gather.add(va, lastVa - va + 1, duty, false);
  }

  boolean owesNothing(long oldRaw, long newRaw, Level level) {
    return variant.tlbRules().duty(oldRaw, newRaw, level).isNone();
  }

  long load(Level level, long table, int index) {
    return code.load(memory, entryAddr(table, index), level);
  }

  void store(Level level, long table, int index, long raw) {
    code.store(memory, entryAddr(table, index), raw);
  }

  /** Told of an entry. */
  interface InUse {
    void entry(int index, long raw);
  }

  /** Goes through the entries that are not none, as far as the table counts any. */
  void eachInUse(Level level, long table, InUse each) {
    int left = space.live(table);
    int entries = geometry.at(level).entries();
    for (int i = 0; left > 0 && i < entries; i++) {
      long raw = load(level, table, i);
      if (!format.none(raw, level)) {
        left--;
        each.entry(i, raw);
      }
    }
  }

  long entryAddr(long table, int index) {
    return table + (long) index * geometry.entryBytes();
  }

  static long unsignedMin(long a, long b) {
    return Long.compareUnsigned(a, b) < 0 ? a : b;
  }
}
