package org.mmport.replay;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Puts calls together that are on two lines, and what tasks do in an order in which it can be done:
 * a child may be heard of before the call that made it has returned. What it does is kept back
 * until then, so that it is known whose child it is.
 */
final class TaskOrder {
  private static final Pattern MAKES_TASK = Pattern.compile("(?:fork|vfork|clone3?)\\(.*");

  /** So that a trace in which a call never returns does not fill memory. */
  private static final int MAX_HELD_LINES = 1 << 20;

  private record Held(long line, TraceLine what) {}

  private final Consumer<TraceEvent> events;
  private final Map<Integer, String> unfinished = new HashMap<>();
  private final Set<Integer> making = new HashSet<>();
  private final Set<Integer> known = new HashSet<>();
  private final Map<Integer, List<Held>> held = new LinkedHashMap<>();
  private int heldLines;

  /** The number of the task that at first had none, as long as it was the only one; 0 at first. */
  private int first;

  TaskOrder(Consumer<TraceEvent> events) {
    this.events = events;
  }

  void accept(long line, TraceLine what) {
    switch (what) {
      case TraceLine.Remark remark -> {}
      case TraceLine.Touch touch -> {}
      case TraceLine.Whole whole -> accept(line, whole.task(), what);
      case TraceLine.Unfinished begun -> accept(line, begun.task(), what);
      case TraceLine.Resumed resumed -> accept(line, resumed.task(), what);
      case TraceLine.Ended ended -> accept(line, ended.task(), what);
      case TraceLine.Superseded superseded -> accept(line, superseded.task(), what);
    }
  }

  private void accept(long line, int given, TraceLine what) {
    if (isTheFirst(given, what)) {
      first = given;
    }
    int task = given == first ? 0 : given;
    if (!known.contains(task) && !making.isEmpty()) {
      if (++heldLines > MAX_HELD_LINES) {
        throw new TraceFormatException(
            "process %d did more than %d lines say before the call returned that made it"
                .formatted(task, MAX_HELD_LINES));
      }
      held.computeIfAbsent(task, t -> new ArrayList<>()).add(new Held(line, what));
      return;
    }
    known.add(task);
    switch (what) {
      case TraceLine.Whole whole -> whole(line, task, whole);
      case TraceLine.Unfinished begun -> begin(task, begun.text());
      case TraceLine.Resumed resumed -> resume(line, task, resumed);
      case TraceLine.Ended ended -> {
        noteUnreturned(line, task, StraceLines.KILLED);
        forget(task);
        events.accept(new TraceEvent.End(line, task));
        releaseIfNobodyMakes();
      }
      case TraceLine.Superseded superseded -> supersede(line, task, superseded.by());
      case TraceLine.Remark remark -> {}
      case TraceLine.Touch touch -> {}
    }
  }

  /** On a terminal, strace writes numbers from when there are two tasks. */
  private boolean isTheFirst(int task, TraceLine what) {
    return first == 0
        && known.contains(0)
        && !known.contains(task)
        && (making.isEmpty() || (what instanceof TraceLine.Resumed && unfinished.containsKey(0)));
  }

  private void begin(int task, String text) {
    if (unfinished.containsKey(task)) {
      throw new TraceFormatException(
          "process %d is in the midst of a call already".formatted(task));
    }
    unfinished.put(task, text);
    if (MAKES_TASK.matcher(text).matches()) {
      making.add(task);
    }
  }

  private void resume(long line, int task, TraceLine.Resumed resumed) {
    String begun = unfinished.remove(task);
    if (begun == null) {
      // The trace began in its midst: nothing is known of its arguments.
      String reason = "the trace does not have its beginning";
      MmCall call = new MmCall.NotReplayable(resumed.name(), reason);
      events.accept(new TraceEvent.Call(line, task, call, new Outcome.None()));
      return;
    }
    if (!begun.startsWith(resumed.name() + "(")) {
      throw new TraceFormatException(
          "process %d is in the midst of another call, '%.40s'".formatted(task, begun));
    }
    if (StraceLines.whole(task, begun + resumed.text()) instanceof TraceLine.Whole whole) {
      whole(line, task, whole);
    }
    making.remove(task);
    releaseIfNobodyMakes();
  }

  private void whole(long line, int task, TraceLine.Whole whole) {
    events.accept(new TraceEvent.Call(line, task, whole.call(), whole.outcome()));
    if (whole.call() instanceof MmCall.Clone
        && whole.outcome() instanceof Outcome.Value value
        && value.value() > 0) {
      making.remove(task);
      int child = TraceNumbers.task(Long.toString(value.value()));
      known.add(child);
      release(child);
    }
  }

  private void supersede(long line, int task, int by) {
    forget(task);
    String begun = unfinished.remove(by);
    if (begun != null) {
      unfinished.put(task, begun);
    }
    forget(by);
    known.add(task);
    events.accept(new TraceEvent.Renumber(line, by, task));
  }

  private void forget(int task) {
    known.remove(task);
    unfinished.remove(task);
    making.remove(task);
  }

  private void releaseIfNobodyMakes() {
    while (making.isEmpty() && !held.isEmpty()) {
      release(held.keySet().iterator().next());
    }
  }

  private void release(int task) {
    List<Held> lines = held.remove(task);
    if (lines != null) {
      heldLines -= lines.size();
      known.add(task);
      lines.forEach(one -> accept(one.line(), one.what()));
    }
  }

  /** The trace is at its end. */
  void end(long line) {
    making.clear();
    releaseIfNobodyMakes();
    for (int task : List.copyOf(unfinished.keySet())) {
      noteUnreturned(line, task, "had not returned when the trace ended");
    }
  }

  /** Tells of the call that a task is in the midst of, if it is in one, as one that did nothing. */
  private void noteUnreturned(long line, int task, String reason) {
    String text = unfinished.remove(task);
    if (text != null) {
      String name = text.substring(0, text.indexOf('('));
      MmCall call = new MmCall.NotReplayable(name, reason);
      events.accept(new TraceEvent.Call(line, task, call, new Outcome.None()));
    }
  }
}
