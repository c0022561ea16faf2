package org.mmport.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** Threads of the machine that we run on, which begin together and do as they like. */
final class RealThreads {
  private static final long SECONDS = 60;

  private RealThreads() {}

  /** Runs them to the end of all, or tells what one of them threw first. */
  static void run(ClauseContext c, List<Runnable> bodies) {
    CountDownLatch begin = new CountDownLatch(bodies.size());
    CountDownLatch ended = new CountDownLatch(bodies.size());
    AtomicReference<Optional<Throwable>> thrown = new AtomicReference<>(Optional.empty());
    List<Thread> threads = new ArrayList<>();
    for (Runnable body : bodies) {
      threads.add(
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try {
                      meet(begin);
                      body.run();
                    } catch (RuntimeException | Error e) {
                      thrown.compareAndSet(Optional.empty(), Optional.of(e));
                    } finally {
                      ended.countDown();
                    }
                  }));
    }
    boolean all = await(ended);
    thrown.get().ifPresent(e -> c.check(false, "threads to end well", rethrown(e)));
    c.check(all, "all threads to end within %d s".formatted(SECONDS), threads);
  }

  /** What a clause found wrong stays that. */
  private static Object rethrown(Throwable thrown) {
    if (thrown instanceof ClauseFailure failure) {
      throw failure;
    }
    return thrown;
  }

  /** Whoever sleeps until then is woken after the other is done. */
  private static void meet(CountDownLatch begin) {
    begin.countDown();
    while (begin.getCount() > 0) {
      Thread.onSpinWait();
    }
  }

  static boolean await(CountDownLatch latch) {
    return await(latch, SECONDS);
  }

  static boolean await(CountDownLatch latch, long seconds) {
    try {
      return latch.await(seconds, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
