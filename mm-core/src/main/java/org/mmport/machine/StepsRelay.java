package org.mmport.machine;

import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * Passes on what one machine tells to whoever listens to it. Classes are made for each relay and
 * variant, which costs far more than a small machine; so when a memory is closed, its relay goes on
 * to the next. There are as many as machines with listeners were ever open at a time.
 */
final class StepsRelay implements Steps {
  private static final ConcurrentLinkedDeque<StepsRelay> IDLE = new ConcurrentLinkedDeque<>();

  private Steps to = NONE;

  private StepsRelay() {}

  /** One that nobody else has; nothing at all where nobody listens. */
  static Steps to(Steps listener) {
    if (listener.equals(NONE)) {
      return NONE;
    }
    StepsRelay idle = IDLE.pollFirst();
    StepsRelay relay = idle == null ? new StepsRelay() : idle;
    relay.to = listener;
    return relay;
  }

  /** Leaves it to the next machine. Nobody may tell this one anything any more. */
  void giveBack() {
    to = NONE;
    IDLE.addFirst(this);
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
