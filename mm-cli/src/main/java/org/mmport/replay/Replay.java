package org.mmport.replay;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Traces on machines: each is read once, whatever the number of machines. */
public final class Replay {
  /** So many lines of a trace are done before it is another's turn. */
  private static final int TURN = 1024;

  private final List<TraceReader> traces;
  private final List<Replayer> machines;
  private long accesses;
  private long calls;

  /** Several traces are programs that take turns. */
  public Replay(List<TraceReader> traces, List<Replayer> machines) {
    this.traces = List.copyOf(traces);
    this.machines = List.copyOf(machines);
  }

  /**
   * Replays them to their ends.
   *
   * @throws org.mmport.spi.MmportException for a line that is none of a trace
   * @throws java.io.UncheckedIOException where a trace cannot be read
   */
  public void run() {
    List<Integer> left = new ArrayList<>();
    for (int i = 0; i < traces.size(); i++) {
      left.add(i);
    }
    while (!left.isEmpty()) {
      left.removeIf(trace -> !turn(trace));
    }
  }

  /** One machine after the other does the same few lines, so that each finds its caches warm. */
  private boolean turn(int trace) {
    List<TraceEvent> events = new ArrayList<>(TURN);
    Optional<TraceEvent> next = traces.get(trace).next();
    while (next.isPresent()) {
      TraceEvent event = next.get();
      events.add(event);
      accesses += event instanceof TraceEvent.Touch ? 1 : 0;
      calls += event instanceof TraceEvent.Call ? 1 : 0;
      if (events.size() == TURN) {
        break;
      }
      next = traces.get(trace).next();
    }
    for (Replayer machine : machines) {
      for (TraceEvent event : events) {
        machine.run(trace, event);
      }
    }
    return next.isPresent();
  }

  /** Lines of all traces. */
  public long lines() {
    return traces.stream().mapToLong(TraceReader::lines).sum();
  }

  public long accesses() {
    return accesses;
  }

  public long calls() {
    return calls;
  }
}
