package org.mmport.interleave;

import org.mmport.machine.LockName;
import org.mmport.machine.Steps;

/** Passes on what a machine tells, until a method is overridden. */
public class ForwardingSteps implements Steps {
  private final Steps to;

  /** Passes it on to one who listens. */
  public ForwardingSteps(Steps to) {
    this.to = to;
  }

  @Override
  public void entry(Kind kind, long hostAddr) {
    to.entry(kind, hostAddr);
  }

  @Override
  public void folio(Kind kind, long pfn) {
    to.folio(kind, pfn);
  }

  @Override
  public void acquire(LockName lock) {
    to.acquire(lock);
  }

  @Override
  public void release(LockName lock) {
    to.release(lock);
  }

  @Override
  public void acquireShared(LockName lock) {
    to.acquireShared(lock);
  }

  @Override
  public void releaseShared(LockName lock) {
    to.releaseShared(lock);
  }
}
