package org.mmport.interleave;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which places threads of a program were ever found to have in common, changed by one of them at
 * least. To cut a thread before it touches any other place shows nothing that cutting it at the
 * next of these does not.
 */
final class Sharing {
  private final Map<Long, Users> users = new HashMap<>();
  private final Set<Long> shared = new HashSet<>();

  /** Threads by bit. */
  private static final class Users {
    private int loading;
    private int changing;
  }

  void note(int thread, Touch touch) {
    Users at = users.computeIfAbsent(touch.place(), place -> new Users());
    int bit = 1 << thread;
    if (((touch.onlyLoads() ? at.loading : at.changing) & bit) != 0) {
      return;
    }
    if (touch.onlyLoads()) {
      at.loading |= bit;
    } else {
      at.changing |= bit;
    }
    if (at.changing != 0 && Integer.bitCount(at.loading | at.changing) > 1) {
      shared.add(touch.place());
    }
  }

  /** What is known now. */
  Set<Long> shared() {
    return Set.copyOf(shared);
  }

  int size() {
    return shared.size();
  }
}
