package org.mmport.machine;

import java.util.concurrent.locks.ReentrantLock;

/** A lock that is tried again for a while before its thread is put to sleep. */
final class SpinningLock extends ReentrantLock {
  private static final long serialVersionUID = 1L;

  /** Some microseconds: whoever has it longer is not running. */
  private static final int SPINS = 200;

  @Override
  public void lock() {
    for (int i = 0; i < SPINS; i++) {
      if (tryLock()) {
        return;
      }
      Thread.onSpinWait();
    }
    super.lock();
  }
}
