package org.mmport.replay;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What of a trace was not replayed as it is written, by call and reason. */
final class Notes {
  private record Key(Note.Kind kind, String call, String reason) {}

  private record Tally(long count, int firstTrace, long firstLine) {}

  /** So that a trace full of errors does not fill memory, nor the screen. */
  private static final int MAX_NOTES = 256;

  private final Map<Key, Tally> tallies = new LinkedHashMap<>();
  private int trace;
  private long line;

  /** The line that notes are about from now on. */
  void at(int newTrace, long newLine) {
    trace = newTrace;
    line = newLine;
  }

  void add(Note.Kind kind, String call, String reason) {
    Key key = new Key(kind, call, reason);
    boolean kept = tallies.containsKey(key) || tallies.size() < MAX_NOTES;
    tallies.merge(
        kept ? key : new Key(kind, "others", "more reasons than are kept"),
        new Tally(1, trace, line),
        (old, one) -> new Tally(old.count() + 1, old.firstTrace(), old.firstLine()));
  }

  /** All, by kind, those of a kind by the line that they were first met on. */
  List<Note> all() {
    List<Note> notes = new ArrayList<>();
    tallies.forEach(
        (key, tally) ->
            notes.add(
                new Note(
                    key.kind(),
                    key.call(),
                    key.reason(),
                    tally.count(),
                    tally.firstTrace(),
                    tally.firstLine())));
    notes.sort(
        Comparator.comparing(Note::kind)
            .thenComparingInt(Note::firstTrace)
            .thenComparingLong(Note::firstLine)
            .thenComparing(Note::call)
            .thenComparing(Note::reason));
    return notes;
  }
}
