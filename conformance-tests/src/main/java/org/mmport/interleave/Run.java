package org.mmport.interleave;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.mmport.machine.LockName;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.Steps;

/**
 * Threads of which exactly one runs at a time. Whoever is about to take a step asks who goes on,
 * and hands over if that is another. What is handed over by a semaphore needs no other guard.
 *
 * <p>Locks are known here before they are taken, so that nobody ever waits for a real one. After a
 * failure every thread is sent out of its body by an exception, at its next step, one by one.
 */
final class Run implements Steps {
  private final Policy policy;
  private final long maxSteps;
  private final List<Worker> workers = new ArrayList<>();
  private final Steps order;
  private final Holders holders = new Holders();
  private final Semaphore over = new Semaphore(0);
  private final List<Schedule.Turn> turns = new ArrayList<>();
  private final List<String> story = new ArrayList<>();

  /** From where the machine we run on has an entry to where the simulated one has it. */
  private long toPhysAddr;

  private int current = Policy.NOBODY;
  private int stepsOfTurn;
  private long steps;
  private boolean started;
  private boolean abandoned;
  private String reason = "";

  private static final class Worker {
    private final Semaphore turn = new Semaphore(0);
    private Touch next = new Touch.Begin();
    private boolean ended;
  }

  /** Sends a thread out of its body. */
  private static final class Abandoned extends Error {
    private static final long serialVersionUID = 1L;

    Abandoned() {
      super("the run has ended", null, false, false);
    }
  }

  /**
   * One run.
   *
   * @param order is told of locks as well, and may refuse
   */
  Run(Policy policy, Steps order, long maxSteps) {
    this.policy = policy;
    this.order = order;
    this.maxSteps = maxSteps;
  }

  /** Runs them to the end of all. */
  void run(Program.Scene scene) {
    PhysicalMemory.Extent extent = scene.memory().mainExtent();
    toPhysAddr = extent.base() - extent.bytes().address();
    List<Runnable> bodies = scene.threads();
    for (int i = 0; i < bodies.size(); i++) {
      int index = i;
      Worker worker = new Worker();
      workers.add(worker);
      Thread.ofVirtual().start(() -> live(index, worker, bodies.get(index)));
    }
    started = true;
    current = policy.next(Policy.NOBODY, enabled(), new Touch.Begin());
    workers.get(current).turn.release();
    over.acquireUninterruptibly();
    started = false;
  }

  /** What went wrong, if anything. */
  Optional<Failure> failure() {
    return reason.isEmpty() ? Optional.empty() : Optional.of(failed(reason));
  }

  /** The same run, found to have gone wrong for another reason. */
  Failure failed(String why) {
    return new Failure(why, new Schedule(turns), story);
  }

  long steps() {
    return steps;
  }

  private void live(int index, Worker worker, Runnable body) {
    worker.turn.acquireUninterruptibly();
    try {
      if (!abandoned) {
        body.run();
      }
    } catch (Abandoned e) {
      // As it should.
    } catch (RuntimeException | Error e) {
      stepsOfTurn++;
      fail("thread " + Schedule.name(index) + ": " + e);
    }
    worker.ended = true;
    worker.next = new Touch.End();
    stepsOfTurn++;
    goOn(worker);
  }

  /** After the end of a thread. */
  private void goOn(Worker ended) {
    int left = enabled();
    if (abandoned) {
      workers.stream().filter(w -> !w.ended).findFirst().ifPresentOrElse(this::send, over::release);
    } else if (left != 0) {
      int next = policy.next(current, left, ended.next);
      endTurn(ended.next);
      current = next;
      send(workers.get(next));
    } else {
      endTurn(ended.next);
      if (workers.stream().allMatch(w -> w.ended)) {
        over.release();
      } else {
        fail(deadlock());
        goOn(ended);
      }
    }
  }

  private void send(Worker worker) {
    current = workers.indexOf(worker);
    worker.turn.release();
  }

  private void endTurn(Touch before) {
    turns.add(new Schedule.Turn(current, stepsOfTurn));
    story.add(Schedule.name(current) + " up to " + before);
    stepsOfTurn = 0;
  }

  private void fail(String why) {
    if (!abandoned) {
      abandoned = true;
      if (stepsOfTurn > 0) {
        endTurn(workers.get(current).next);
      }
      reason = why;
    }
  }

  private void step(Touch touch) {
    if (abandoned) {
      throw new Abandoned();
    }
    Worker self = workers.get(current);
    self.next = touch;
    steps++;
    stepsOfTurn++;
    if (steps > maxSteps) {
      fail("no end after %d steps; last was %s".formatted(maxSteps, touch));
      throw new Abandoned();
    }
    int enabled = enabled();
    if (enabled == 0) {
      fail(deadlock());
      throw new Abandoned();
    }
    int next = policy.next(current, enabled, touch);
    if (next != current) {
      endTurn(touch);
      current = next;
      workers.get(next).turn.release();
      self.turn.acquireUninterruptibly();
      if (abandoned) {
        throw new Abandoned();
      }
    }
  }

  /** Threads that can go on, by bit. */
  private int enabled() {
    int enabled = 0;
    for (int i = 0; i < workers.size(); i++) {
      Worker worker = workers.get(i);
      boolean waits = worker.next instanceof Touch.Lock lock && holders.keepOut(lock, i);
      enabled |= worker.ended || waits ? 0 : 1 << i;
    }
    return enabled;
  }

  private String deadlock() {
    StringBuilder text = new StringBuilder("deadlock:");
    for (int i = 0; i < workers.size(); i++) {
      if (workers.get(i).next instanceof Touch.Lock lock) {
        text.append(" %s waits for %s".formatted(Schedule.name(i), lock.name()));
        holders
            .one(lock.name(), i)
            .ifPresent(holder -> text.append(" of ").append(Schedule.name(holder)));
        text.append(',');
      }
    }
    return text.substring(0, text.length() - 1);
  }

  // What the machine tells; of threads only, not of what sets the scene.

  @Override
  public void entry(Kind kind, long hostAddr) {
    if (started) {
      step(new Touch.Entry(kind, hostAddr + toPhysAddr));
    }
  }

  @Override
  public void folio(Kind kind, long pfn) {
    if (started) {
      step(new Touch.Folio(kind, pfn));
    }
  }

  @Override
  public void acquire(LockName lock) {
    if (started) {
      if (!abandoned) {
        order.acquire(lock);
      }
      take(new Touch.Lock(lock, false));
    }
  }

  @Override
  public void acquireShared(LockName lock) {
    if (started) {
      if (!abandoned) {
        order.acquireShared(lock);
      }
      take(new Touch.Lock(lock, true));
    }
  }

  private void take(Touch.Lock touch) {
    step(touch);
    holders.add(touch, current);
  }

  @Override
  public void release(LockName lock) {
    if (started && !abandoned) {
      order.release(lock);
      holders.remove(lock, current);
    }
  }

  @Override
  public void releaseShared(LockName lock) {
    if (started && !abandoned) {
      order.releaseShared(lock);
      holders.remove(lock, current);
    }
  }
}
