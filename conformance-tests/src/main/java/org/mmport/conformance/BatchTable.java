package org.mmport.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.mmport.pgtable.FolioBounds;
import org.mmport.spi.BatchOps;
import org.mmport.spi.LeafTable;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TableOwner;
import org.mmport.spi.TlbDuty;

/**
 * A table that remembers what CPUs may have cached of it, and writes down every store that came
 * before its flush and every flush that nobody noted. It lies in no memory and shares nothing with
 * the core.
 */
final class BatchTable implements LeafTable {
  private final MmuVariant variant;
  private final Level level;
  private final TableOwner owner;
  private final FolioBounds folios;
  private final long[] entries;

  /** Leaves that CPUs may use though the table no longer has them; empty where there are none. */
  private final long[] stale;

  private final boolean[] owed;
  private final List<String> breaches = new ArrayList<>();
  private int flushes;

  BatchTable(MmuVariant variant, Level level, TableOwner owner, FolioBounds folios) {
    this.variant = variant;
    this.level = level;
    this.owner = owner;
    this.folios = folios;
    this.entries = new long[1 << variant.geometry().at(level).indexBits()];
    this.stale = new long[entries.length];
    this.owed = new boolean[entries.length];
    Arrays.fill(entries, empty());
    Arrays.fill(stale, empty());
  }

  private long empty() {
    return format().empty(level);
  }

  @Override
  public Level level() {
    return level;
  }

  @Override
  public PteFormat format() {
    return variant.format();
  }

  @Override
  public long spanBytes() {
    return Samples.spanBytes(variant.geometry(), level);
  }

  @Override
  public int length() {
    return entries.length;
  }

  @Override
  public TableOwner owner() {
    return owner;
  }

  @Override
  public boolean oneFolio(long physAddr, long sizeBytes) {
    return folios.oneFolio(physAddr, sizeBytes);
  }

  @Override
  public long get(int index) {
    return entries[index];
  }

  @Override
  public void set(int index, long raw) {
    long old = entries[index];
    entries[index] = raw;
    long seen = format().valid(old, level) ? old : stale[index];
    if (!format().valid(seen, level) || seen == raw) {
      return;
    }
    TlbDuty duty = variant.tlbRules().duty(seen, raw, level);
    if (duty.breakBeforeMake()) {
      breaches.add("entry %d: 0x%x stored while CPUs may use 0x%x".formatted(index, raw, seen));
    }
    stale[index] = duty.isNone() ? empty() : seen;
  }

  @Override
  public long take(int index, int nr) {
    long first = entries[index];
    set(index, empty());
    for (int i = index + 1; i < index + nr; i++) {
      first = BatchOps.gathered(first, entries[i], this);
      set(i, empty());
    }
    return first;
  }

  @Override
  public boolean compareAndSet(int index, long expected, long raw) {
    if (entries[index] != expected) {
      return false;
    }
    set(index, raw);
    return true;
  }

  @Override
  public void fill(int index, int nr, long raw) {
    long physAddr = format().physAddr(raw, level);
    for (int i = 0; i < nr; i++) {
      set(index + i, format().withPhysAddr(raw, physAddr + i * spanBytes(), level));
    }
  }

  @Override
  public int replace(int index, int nr, long old, long raw) {
    for (int i = 0; i < nr; i++) {
      long physAddr = format().physAddr(entries[index + i], level);
      if (entries[index + i] != format().withPhysAddr(old, physAddr, level)) {
        return i;
      }
      set(index + i, format().withPhysAddr(raw, physAddr, level));
    }
    return nr;
  }

  @Override
  public void flushNow(int index, int nr, long oldRaw) {
    flushes++;
    for (int i = index; i < index + nr; i++) {
      if (!format().none(entries[i], level)) {
        breaches.add("entry %d: 0x%x there while it is flushed".formatted(i, entries[i]));
      }
      stale[i] = empty();
    }
  }

  @Override
  public void owe(int index, int nr, long oldRaw, long newRaw) {
    Arrays.fill(owed, index, index + nr, true);
  }

  /** A mark that hardware sets behind everybody's back. */
  void mark(int index, long raw) {
    entries[index] = raw;
  }

  /**
   * The end of what is done under the lock: what is owed is paid, what is not noted is a breach.
   */
  void unlock() {
    for (int i = 0; i < entries.length; i++) {
      if (stale[i] != empty() && !owed[i]) {
        breaches.add("entry %d: CPUs may use 0x%x for ever".formatted(i, stale[i]));
      }
    }
    Arrays.fill(stale, empty());
    Arrays.fill(owed, false);
  }

  /** What was done wrong. */
  List<String> breaches() {
    return breaches;
  }

  /** Flushes in the midst of changes since last asked. */
  int takeFlushes() {
    int taken = flushes;
    flushes = 0;
    return taken;
  }
}
