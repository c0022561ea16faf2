package org.mmport.machine;

import java.util.concurrent.locks.ReentrantLock;

/** A lock of which {@link Steps} are told. For {@code lock} and {@code unlock} only. */
public final class SteppedLock extends ReentrantLock {
  private static final long serialVersionUID = 1L;

  private final transient Steps steps;
  private final transient LockName name;

  private SteppedLock(Steps steps, LockName name) {
    this.steps = steps;
    this.name = name;
  }

  /**
   * A lock of a machine. Where nobody listens it is one as any other: as long as no other kind is
   * loaded, calls of it compile to what they would be without this class.
   */
  public static ReentrantLock of(Steps steps, LockRank rank, long number) {
    return steps.equals(Steps.NONE)
        ? new ReentrantLock()
        : new SteppedLock(steps, new LockName(rank, number));
  }

  /**
   * The same for what is held for less time than it takes to have a thread sleep and woken: whoever
   * finds it taken tries for a while first, as Linux's spin locks do for ever.
   */
  public static ReentrantLock brief(Steps steps, LockRank rank, long number) {
    return steps.equals(Steps.NONE) ? new SpinningLock() : of(steps, rank, number);
  }

  @Override
  public void lock() {
    steps.acquire(name);
    super.lock();
  }

  @Override
  public void unlock() {
    super.unlock();
    steps.release(name);
  }
}
