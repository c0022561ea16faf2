package org.mmport.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PercpuRwLockTest {
  private static final int ROUNDS = 20_000;

  private final PercpuRwLock lock = new PercpuRwLock(Steps.NONE, LockRank.SYSTEM);
  private long left;
  private long right;

  /** More threads than places, all within at once. */
  @Test
  void manyShareIt() throws Exception {
    CyclicBarrier within = new CyclicBarrier(20);
    inParallel(
        20,
        thread -> {
          int slot = lock.lockShared();
          within.await(60, TimeUnit.SECONDS);
          lock.unlockShared(slot);
        });
    lock.lock();
    lock.unlock();
  }

  /** Whoever has it alone changes two numbers, and nobody sees but both changed. */
  @Test
  void whoHasItAloneIsAlone() throws Exception {
    inParallel(
        4,
        thread -> {
          for (int i = 0; i < ROUNDS; i++) {
            if (thread < 2 && i % 8 == 0) {
              lock.lock();
              left++;
              right++;
              lock.unlock();
            } else {
              int slot = lock.lockShared();
              boolean same = left == right;
              lock.unlockShared(slot);
              assertTrue(same, "half of a change was seen");
            }
          }
        });
    assertEquals(2 * ROUNDS / 8, left);
    assertEquals(2 * ROUNDS / 8, right);
    assertEquals(2 * ROUNDS / 8, lock.turns());
  }

  @Test
  void whoHasItAloneMayTakeItAgain() {
    lock.lock();
    lock.lock();
    lock.unlock();
    assertEquals(0, lock.turns());
    String refusal =
        String.valueOf(assertThrows(IllegalStateException.class, lock::lockShared).getMessage());
    assertTrue(refusal.contains("shares system 0 while it has it alone"), refusal);
    lock.unlock();
    assertEquals(1, lock.turns());
    lock.unlockShared(lock.lockShared());
    assertEquals(1, lock.turns());
  }

  private interface Body {
    void of(int thread) throws Exception;
  }

  private static void inParallel(int count, Body body) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(count)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int thread = i;
        all.add(
            threads.submit(
                () -> {
                  body.of(thread);
                  return thread;
                }));
      }
      for (Future<?> one : all) {
        one.get(120, TimeUnit.SECONDS);
      }
    }
  }
}
