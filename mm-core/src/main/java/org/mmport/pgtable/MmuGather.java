package org.mmport.pgtable;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.TlbDuty;

/**
 * Collects what a change of page tables owes: first entries are unhooked, then {@link #flush()} has
 * the TLBs invalidated, then unhooked tables are freed. Never in another order, and never
 * forgotten: {@link #close()} throws where anything is still owed.
 *
 * <pre>{@code
 * try (MmuGather gather = pageTable.gather(cpus)) {
 *   pageTable.unmap(va, sizeBytes, gather);
 *   gather.flush();
 * }
 * }</pre>
 *
 * <p>One gather serves any number of changes; what it flushes is one range that covers them all, as
 * Linux's mmu_gather does. For one thread.
 */
public final class MmuGather implements AutoCloseable {
  private static final long[] NONE = {};

  private final TableSpace space;
  private final TableCounts.Counter tables;
  private final TlbFlusher flusher;

  /** The range owed a flush, flipped: signed minimum and maximum cost no branch. */
  private long first = Long.MAX_VALUE;

  private long last = Long.MIN_VALUE;
  private @Nullable TlbDuty lastDuty;
  private FlushScope scope = FlushScope.NONE;
  private boolean reloadRoot;
  private boolean global;
  private long[] unhooked = NONE;
  private int unhookedCount;

  /**
   * Of one address space, or of all that use the tables.
   *
   * @param tables counts its tables, or those of each
   */
  MmuGather(TableSpace space, TableCounts.Counter tables, TlbFlusher flusher) {
    this.space = space;
    this.tables = tables;
    this.flusher = flusher;
  }

  /**
   * Takes on the duty for a range, if there is one. Rules return the same few objects and one duty
   * follows another of its kind, so for most it is enough to compare them by identity.
   */
  @SuppressWarnings("ReferenceEquality")
  void add(long va, long sizeBytes, TlbDuty duty, boolean globalEntry) {
    if (duty != lastDuty && !takesOn(duty)) {
      return;
    }
    long flipped = flip(va);
    first = Math.min(first, flipped);
    last = Math.max(last, flipped + sizeBytes - 1);
    global |= globalEntry;
  }

  /** Between addresses, which are unsigned, and signed numbers in the same order. */
  private static long flip(long va) {
    return va ^ Long.MIN_VALUE;
  }

  private boolean takesOn(TlbDuty duty) {
    if (duty.isNone()) {
      return false;
    }
    lastDuty = duty;
    scope = duty.scope().compareTo(scope) > 0 ? duty.scope() : scope;
    reloadRoot |= duty.reloadRoot();
    return true;
  }

  /** The flush in the middle of break-before-make: at once, and for that entry alone. */
  void flushNow(long va, long sizeBytes, TlbDuty duty, boolean globalEntry) {
    flusher.flush(new FlushRequest(va, va + sizeBytes - 1, duty, globalEntry));
  }

  /** Counts a table that was hooked. */
  void hooked(Level level) {
    tables.add(level, 1);
  }

  /** Counts tables that others use too: those that came to be shared, or with less than 0 left. */
  void shared(Level level, int count) {
    tables.add(level, count);
  }

  /** Counts a table that was unhooked and stays, for others use it. */
  void left(Level level) {
    tables.add(level, -1);
  }

  /** Takes an unhooked table, to be freed after the flush. The duty has been added before. */
  void freeLater(long tableAddr) {
    tables.add(space.level(tableAddr), -1);
    if (unhookedCount == unhooked.length) {
      unhooked = Arrays.copyOf(unhooked, Math.max(16, unhookedCount * 2));
    }
    unhooked[unhookedCount++] = tableAddr;
  }

  /** Whether no flush is owed. */
  public boolean isDischarged() {
    return scope == FlushScope.NONE && !reloadRoot;
  }

  /**
   * Has everything invalidated that is owed, then frees the tables. If the flusher throws, all is
   * still owed.
   */
  public void flush() {
    if (!isDischarged()) {
      flusher.flush(
          new FlushRequest(flip(first), flip(last), new TlbDuty(scope, false, reloadRoot), global));
      first = Long.MAX_VALUE;
      last = Long.MIN_VALUE;
      lastDuty = null;
      scope = FlushScope.NONE;
      reloadRoot = false;
      global = false;
    }
    while (unhookedCount > 0) {
      space.freeTable(unhooked[--unhookedCount]);
    }
  }

  /**
   * Ends the gather.
   *
   * @throws UndischargedDutyException where a flush is owed, or tables wait to be freed
   */
  @Override
  public void close() {
    if (!isDischarged() || unhookedCount > 0) {
      throw new UndischargedDutyException(
          "gather closed while it owes a flush of 0x%016x..0x%016x (%s%s) and %d tables: call flush() first"
              .formatted(
                  flip(first),
                  flip(last),
                  scope,
                  reloadRoot ? ", root reload" : "",
                  unhookedCount));
    }
  }
}
