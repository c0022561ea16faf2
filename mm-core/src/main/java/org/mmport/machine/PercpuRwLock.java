package org.mmport.machine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock that many threads may share, or one has alone. Those who share it count themselves each in
 * a place of their own and never meet, so that two CPUs take it at the price of one; whoever wants
 * it alone stops new ones and waits until every place is empty: Linux's {@code percpu_rwsem}
 * (kernel/locking/percpu-rwsem.c).
 *
 * <p>Who has it alone may take it again. Who shares it may take it neither way.
 */
public final class PercpuRwLock {
  /** Threads above this number share places: right, and a little slower. */
  private static final int SLOTS = 16;

  /** Longs from one place to the next: two cache lines, as CPUs fetch them by pairs. */
  private static final int STRIDE = 16;

  private static final int SPINS = 256;
  private static final long PAUSE_NANOS = 1_000;
  private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(long[].class);

  private final Steps steps;
  private final LockName name;
  private final ReentrantLock alone = new ReentrantLock();
  private final long[] sharers = new long[(SLOTS + 1) * STRIDE];
  private volatile boolean closed;
  private long turns;

  /** A lock of a machine, of which there is one of that rank. */
  public PercpuRwLock(Steps steps, LockRank rank) {
    this(steps, rank, 0);
  }

  /** One of several of that rank. */
  public PercpuRwLock(Steps steps, LockRank rank, long number) {
    this.steps = steps;
    this.name = new LockName(rank, number);
  }

  /** Has it alone from here on, once all who share it have given it back. */
  public void lock() {
    steps.acquire(name);
    alone.lock();
    if (alone.getHoldCount() == 1) {
      closed = true;
      for (int slot = 1; slot <= SLOTS; slot++) {
        awaitEmpty(slot * STRIDE);
      }
    }
  }

  /** Gives it back, as often as it was taken. */
  public void unlock() {
    if (alone.getHoldCount() == 1) {
      turns++;
      closed = false;
    }
    alone.unlock();
    steps.release(name);
  }

  /** Whether the calling thread has it alone. */
  public boolean isHeldAlone() {
    return alone.isHeldByCurrentThread();
  }

  /**
   * Shares it, once nobody has it alone.
   *
   * @return what {@link #unlockShared} wants to be told
   */
  public int lockShared() {
    steps.acquireShared(name);
    int slot = ((int) Thread.currentThread().threadId() & (SLOTS - 1)) * STRIDE + STRIDE;
    COUNT.getAndAdd(sharers, slot, 1L);
    if (closed) {
      COUNT.getAndAdd(sharers, slot, -1L);
      awaitTurn(slot);
    }
    return slot;
  }

  /** Gives it back. */
  public void unlockShared(int slot) {
    COUNT.getAndAdd(sharers, slot, -1L);
    steps.releaseShared(name);
  }

  /**
   * How many times somebody had it alone. For those who hold it either way: if it is the same as
   * when they held it last, nobody had it alone in between.
   */
  public long turns() {
    return turns;
  }

  /** Nobody has it alone who does not hold {@link #alone}, so a place may be taken with that. */
  private void awaitTurn(int slot) {
    if (alone.isHeldByCurrentThread()) {
      throw new IllegalStateException("shares " + name + " while it has it alone: unlock it first");
    }
    alone.lock();
    try {
      COUNT.getAndAdd(sharers, slot, 1L);
    } finally {
      alone.unlock();
    }
  }

  /** What they do with it takes about a microsecond, unless their thread is not running. */
  @SuppressWarnings("ThreadPriorityCheck")
  private void awaitEmpty(int slot) {
    for (int tries = 1; (long) COUNT.getVolatile(sharers, slot) != 0; tries++) {
      if (tries % SPINS == 0) {
        LockSupport.parkNanos(PAUSE_NANOS);
      } else {
        Thread.onSpinWait();
      }
    }
  }
}
