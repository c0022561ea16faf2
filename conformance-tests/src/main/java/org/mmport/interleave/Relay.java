package org.mmport.interleave;

import org.mmport.machine.LockName;
import org.mmport.machine.Steps;

/**
 * Passes on what the machines of one exploration tell to whoever is to hear of it now. One object
 * for all runs, as classes are made for whoever listens.
 */
final class Relay implements Steps {
  private Steps to = Steps.NONE;

  void to(Steps listener) {
    to = listener;
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
