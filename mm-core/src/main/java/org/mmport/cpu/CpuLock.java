package org.mmport.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.mmport.machine.Steps;

/**
 * One CPU's: whoever holds it has the CPU between two instructions. Its own thread takes it for
 * every access and nearly always finds it free, so that it must cost little; others take it to
 * flush, and wait for an access at most.
 */
sealed class CpuLock permits SteppedCpuLock {
  private static final VarHandle HELD;
  private static final VarHandle HOLDER;
  private static final int SPINS = 64;
  private static final long PAUSE_NANOS = 1_000;

  static {
    try {
      HELD = MethodHandles.lookup().findVarHandle(CpuLock.class, "held", int.class);
      HOLDER = MethodHandles.lookup().findVarHandle(CpuLock.class, "holder", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // by HELD
  private int held;

  /**
   * The thread that does something of its own while it holds this; 0 where none does. A thread
   * looks for itself only, and what it stored itself it sees without a fence, of which an access
   * would pay two.
   */
  @SuppressWarnings("unused") // by HOLDER
  private long holder;

  /** One CPU's; as it is in this class, and all calls direct, as long as nobody listens. */
  static CpuLock of(Steps steps, int cpu) {
    return steps.equals(Steps.NONE) ? new CpuLock() : new SteppedCpuLock(steps, cpu);
  }

  void acquire() {
    if (!HELD.compareAndSet(this, 0, 1)) {
      waitFor();
    }
  }

  void release() {
    HELD.setRelease(this, 0);
  }

  /** Does something that is not the CPU's own, while held. */
  void holdFor(Runnable work) {
    HOLDER.setOpaque(this, Thread.currentThread().threadId());
    try {
      work.run();
    } finally {
      HOLDER.setOpaque(this, 0L);
    }
  }

  /** What holds it is a few hundred instructions, so giving way is for where CPUs are lent out. */
  @SuppressWarnings("ThreadPriorityCheck")
  private void waitFor() {
    if ((long) HOLDER.getOpaque(this) == Thread.currentThread().threadId()) {
      throw new IllegalStateException(
          "a CPU is flushed, or memory freed, in the midst of its own access: end that first");
    }
    for (int tries = 1; !HELD.weakCompareAndSetAcquire(this, 0, 1); tries++) {
      if (tries % SPINS == 0) {
        LockSupport.parkNanos(PAUSE_NANOS);
      } else {
        Thread.onSpinWait();
      }
    }
  }
}
