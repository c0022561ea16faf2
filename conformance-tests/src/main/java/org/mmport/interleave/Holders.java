package org.mmport.interleave;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.mmport.machine.LockName;

/** Which threads hold which locks. */
final class Holders {
  private final Map<LockName, Holds> byLock = new HashMap<>();

  /** How many times each thread has the lock, and whether they share it. */
  private static final class Holds {
    private final Map<Integer, Integer> times = new HashMap<>();
    private boolean shared;

    private boolean anyBut(int thread) {
      return times.keySet().stream().anyMatch(holder -> holder != thread);
    }
  }

  /** Whether a thread has to wait for what it wants to do. */
  boolean keepOut(Touch.Lock wanted, int thread) {
    Holds holds = byLock.get(wanted.name());
    return holds != null && holds.anyBut(thread) && !(holds.shared && wanted.shared());
  }

  void add(Touch.Lock taken, int thread) {
    Holds holds = byLock.computeIfAbsent(taken.name(), name -> new Holds());
    holds.times.merge(thread, 1, Integer::sum);
    holds.shared = taken.shared();
  }

  void remove(LockName lock, int thread) {
    Holds holds = byLock.get(lock);
    if (holds != null) {
      holds.times.computeIfPresent(thread, (holder, times) -> times == 1 ? null : times - 1);
      if (holds.times.isEmpty()) {
        byLock.remove(lock);
      }
    }
  }

  /** One that has it, other than a thread. */
  OptionalInt one(LockName lock, int thread) {
    Holds holds = byLock.get(lock);
    return holds == null
        ? OptionalInt.empty()
        : holds.times.keySet().stream()
            .mapToInt(Integer::intValue)
            .filter(holder -> holder != thread)
            .findFirst();
  }
}
