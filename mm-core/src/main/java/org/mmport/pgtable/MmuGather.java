package org.mmport.pgtable;

import java.util.Arrays;
import org.mmport.spi.FlushScope;
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
  private final TableSpace space;
  private final TlbFlusher flusher;
  private long firstVa = -1;
  private long lastVa;
  private TlbDuty lastDuty = TlbDuty.NONE;
  private FlushScope scope = FlushScope.NONE;
  private boolean reloadRoot;
  private boolean global;
  private long[] unhooked = new long[16];
  private int unhookedCount;

  MmuGather(TableSpace space, TlbFlusher flusher) {
    this.space = space;
    this.flusher = flusher;
  }

  /** Takes on the duty for a range. */
  @SuppressWarnings("ReferenceEquality")
  void add(long va, long sizeBytes, TlbDuty duty, boolean globalEntry) {
    long last = va + sizeBytes - 1;
    firstVa = Long.compareUnsigned(va, firstVa) < 0 ? va : firstVa;
    lastVa = Long.compareUnsigned(last, lastVa) > 0 ? last : lastVa;
    global |= globalEntry;
    // One duty follows another of its kind; rules return the same few objects.
    if (duty != lastDuty) {
      lastDuty = duty;
      scope = duty.scope().compareTo(scope) > 0 ? duty.scope() : scope;
      reloadRoot |= duty.reloadRoot();
    }
  }

  /** The flush in the middle of break-before-make: at once, and for that entry alone. */
  void flushNow(long va, long sizeBytes, TlbDuty duty, boolean globalEntry) {
    flusher.flush(new FlushRequest(va, va + sizeBytes - 1, duty, globalEntry));
  }

  /** Takes an unhooked table, to be freed after the flush. The duty has been added before. */
  void freeLater(long tableAddr) {
    if (unhookedCount == unhooked.length) {
      unhooked = Arrays.copyOf(unhooked, unhookedCount * 2);
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
          new FlushRequest(firstVa, lastVa, new TlbDuty(scope, false, reloadRoot), global));
      firstVa = -1;
      lastVa = 0;
      lastDuty = TlbDuty.NONE;
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
              .formatted(firstVa, lastVa, scope, reloadRoot ? ", root reload" : "", unhookedCount));
    }
  }
}
