package org.mmport.interleave;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.mmport.machine.LockRank;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.SteppedLock;
import org.mmport.machine.Steps;
import org.mmport.spi.InvalidRequestException;

/** The explorer on programs of which all orders can be told by hand. */
class ExplorerTest {
  private static final long PFN = 7;
  private static final long MAX_SCHEDULES = 10_000;

  /** Threads, and what is wrong with what they wrote down. */
  private record Toy(
      PhysicalMemory memory, List<Runnable> threads, List<String> log, Set<String> bad)
      implements Program.Scene {
    @Override
    public Optional<String> verdict() {
      String line = String.join("", log);
      return bad.contains(line) ? Optional.of("wrote " + line) : Optional.empty();
    }

    @Override
    public void close() {
      memory.close();
    }
  }

  /** Two threads that write their letter so many times, and keep all that was ever written. */
  private static Program letters(int times, Set<String> seen, Set<String> bad) {
    return steps -> {
      List<String> log = new ArrayList<>();
      Function<String, Runnable> body =
          letter ->
              () -> {
                for (int i = 0; i < times; i++) {
                  steps.folio(Steps.Kind.UPDATE, PFN);
                  log.add(letter);
                }
                seen.add(String.join("", log));
              };
      return new Toy(
          PhysicalMemory.ofSize(4096, steps), List.of(body.apply("a"), body.apply("b")), log, bad);
    };
  }

  private static Set<String> whole(Set<String> seen) {
    Set<String> whole = new HashSet<>(seen);
    whole.removeIf(line -> line.length() != 4);
    return whole;
  }

  @Test
  void runsEveryOrderWithinTheBound() {
    Set<String> seen = new HashSet<>();
    Explorer explorer = new Explorer(letters(2, seen, Set.of()), MAX_SCHEDULES);
    // Without preemptions 2 orders, with one each thread is cut before each of its two letters.
    assertEquals(2, explorer.upTo(0).schedules());
    assertEquals(Set.of("aabb", "bbaa"), whole(seen));
    assertEquals(2 + 6, explorer.upTo(1).schedules());
    assertEquals(Set.of("aabb", "bbaa", "abba", "baab"), whole(seen));
    explorer.upTo(4);
    assertEquals(Set.of("aabb", "bbaa", "abba", "baab", "abab", "baba"), whole(seen));
  }

  @Test
  void whatIsNotSharedIsNotCutAt() {
    Program apart =
        steps ->
            new Toy(
                PhysicalMemory.ofSize(4096, steps),
                List.of(
                    () -> steps.folio(Steps.Kind.UPDATE, 1), () -> steps.folio(Steps.Kind.LOAD, 2)),
                List.of(),
                Set.of());
    Exploration found = new Explorer(apart, MAX_SCHEDULES).upTo(2);
    assertEquals(new Exploration(true, 6, 12, 0, Optional.empty()), found);
  }

  @Test
  void fewestPreemptionsComeFirst() {
    Explorer explorer =
        new Explorer(letters(2, new HashSet<>(), Set.of("abba", "abab")), MAX_SCHEDULES);
    Failure failure = explorer.upTo(2).failure().orElseThrow();
    assertEquals(
        "wrote abba; schedule: A2 B3 A1 (A up to UPDATE of what counts folio 0x7; B up to its end; A up to its end)",
        failure.toString());
    assertEquals(
        Optional.of("wrote abab"),
        explorer.again(Schedule.parse("A2 B2 A1 B1")).map(Failure::reason));
  }

  @Test
  void randomOrdersMeetItToo() {
    Explorer explorer = new Explorer(letters(2, new HashSet<>(), Set.of("abba")), MAX_SCHEDULES);
    Exploration found = explorer.random(1, 200, 2);
    assertTrue(found.failure().isPresent());
    assertEquals(found, explorer.random(1, 200, 2));
    assertFalse(
        new Explorer(letters(2, new HashSet<>(), Set.of()), 3).random(1, 200, 2).complete());
  }

  @Test
  void whoWaitsForEachOtherIsNamed() {
    PhysicalMemory memory = PhysicalMemory.ofSize(4096);
    Run run = new Run(new Replay(Schedule.parse("A2 B2")), Steps.NONE, 100);
    ReentrantLock first = SteppedLock.of(run, LockRank.FILE, 1);
    ReentrantLock second = SteppedLock.of(run, LockRank.FILE, 2);
    List<Runnable> bodies =
        List.of(() -> PageRaces.both(first, second), () -> PageRaces.both(second, first));
    try (Toy toy = new Toy(memory, bodies, List.of(), Set.of())) {
      run.run(toy);
    }
    assertEquals(
        Optional.of("deadlock: A waits for file 2 of B, B waits for file 1 of A"),
        run.failure().map(Failure::reason));
    assertFalse(first.isLocked() || second.isLocked());
  }

  @Test
  void whatNeverEndsIsStopped() {
    Program endless =
        steps ->
            new Toy(
                PhysicalMemory.ofSize(4096, steps),
                List.of(
                    () -> {
                      while (true) {
                        steps.folio(Steps.Kind.LOAD, PFN);
                      }
                    }),
                List.of(),
                Set.of());
    Failure failure = new Explorer(endless, MAX_SCHEDULES).upTo(0).failure().orElseThrow();
    assertEquals(
        "no end after 200000 steps; last was LOAD of what counts folio 0x7", failure.reason());
  }

  @Test
  void whatAThreadThrowsIsAFailure() {
    Program throwing =
        steps ->
            new Toy(
                PhysicalMemory.ofSize(4096, steps),
                List.of(
                    () -> steps.folio(Steps.Kind.UPDATE, PFN),
                    () -> {
                      throw new IllegalStateException("as it happens");
                    }),
                List.of(),
                Set.of());
    Failure failure = new Explorer(throwing, MAX_SCHEDULES).upTo(1).failure().orElseThrow();
    assertEquals("thread B: java.lang.IllegalStateException: as it happens", failure.reason());
  }

  @Test
  void schedulesAreReadAsTheyArePrinted() {
    assertEquals("A12 B3 A7", Schedule.parse(" A12 B3  A7").toString());
    assertEquals(List.of(), Schedule.parse("").turns());
    InvalidRequestException refused =
        assertThrows(InvalidRequestException.class, () -> Schedule.parse("A12 B"));
    assertEquals(
        "schedule \"A12 B\": \"B\" must be a letter and a number, as in A12", refused.getMessage());
  }
}
