package org.mmport.interleave;

import java.util.ArrayList;
import java.util.List;
import org.mmport.machine.LockName;
import org.mmport.machine.LockRank;
import org.mmport.machine.Steps;

/**
 * Holds threads to the order of {@link LockRank}, whether or not they ever meet. For any number of
 * threads that run as they like, and for those of an exploration.
 */
public final class LockOrder implements Steps {
  private final ThreadLocal<List<LockName>> held = ThreadLocal.withInitial(ArrayList::new);
  private final ThreadLocal<List<LockName>> shared = ThreadLocal.withInitial(ArrayList::new);

  @Override
  public void entry(Kind kind, long hostAddr) {
    // No lock.
  }

  @Override
  public void folio(Kind kind, long pfn) {
    // No lock.
  }

  /**
   * Notes what the thread takes.
   *
   * @throws LockOrderException when it holds what it may take only after, or twice what cannot be:
   *     a CPU's, a table's, and what it shares
   */
  @Override
  public void acquire(LockName lock) {
    List<LockName> mine = held.get();
    if (!mine.contains(lock) || isOnce(lock.rank()) || shared.get().contains(lock)) {
      requireAll(mine, lock);
    }
    mine.add(lock);
  }

  private static boolean isOnce(LockRank rank) {
    return rank == LockRank.CPU || rank == LockRank.PTE_TABLE;
  }

  /**
   * Notes what the thread shares.
   *
   * @throws LockOrderException when it holds it already, or what it may take only after
   */
  @Override
  public void acquireShared(LockName lock) {
    requireAll(held.get(), lock);
    held.get().add(lock);
    shared.get().add(lock);
  }

  @Override
  public void releaseShared(LockName lock) {
    shared.get().remove(lock);
    release(lock);
  }

  private static void requireAll(List<LockName> held, LockName taken) {
    for (LockName other : held) {
      require(other, taken);
    }
  }

  private static void require(LockName held, LockName taken) {
    if (held.equals(taken)) {
      throw new LockOrderException(
          "lock order: takes %s while it holds it; that one cannot be taken twice"
              .formatted(taken));
    }
    if (taken.rank() == held.rank()) {
      throw new LockOrderException(
          "lock order: takes %s while it holds %s; one %s at a time"
              .formatted(taken, held, taken.rank()));
    }
    if (taken.rank().compareTo(held.rank()) < 0) {
      throw new LockOrderException(
          "lock order: takes %s while it holds %s; %s comes before %s (docs/design/locking.md)"
              .formatted(taken, held, taken.rank(), held.rank()));
    }
  }

  @Override
  public void release(LockName lock) {
    held.get().remove(lock);
  }
}
