package org.mmport.cpu;

import org.mmport.machine.LockName;
import org.mmport.machine.LockRank;
import org.mmport.machine.Steps;

/** The same, and {@link Steps} are told. */
final class SteppedCpuLock extends CpuLock {
  private final Steps steps;
  private final LockName name;

  SteppedCpuLock(Steps steps, int cpu) {
    this.steps = steps;
    this.name = new LockName(LockRank.CPU, cpu);
  }

  @Override
  void acquire() {
    steps.acquire(name);
    super.acquire();
  }

  @Override
  void release() {
    super.release();
    steps.release(name);
  }
}
