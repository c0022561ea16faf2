package org.mmport.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.mmport.replay.Note;
import org.mmport.replay.Replayer;

/** Notes of all variants, one line for each reason. */
final class ReplayNotes {
  /** More are given by their number. */
  private static final int MAX_NAMED = 4;

  private record Reason(Note.Kind kind, String call, String text) {
    static final Comparator<Reason> ORDER =
        Comparator.comparing(Reason::kind).thenComparing(Reason::call).thenComparing(Reason::text);

    static Reason of(Note note) {
      return new Reason(note.kind(), note.call(), note.reason());
    }
  }

  private record Where(String variant, Note note) {}

  private final List<String> traces;
  private final int variants;
  private final Map<Reason, List<Where>> byReason = new TreeMap<>(Reason.ORDER);

  ReplayNotes(List<String> traces, List<Replayer> machines) {
    this.traces = traces;
    this.variants = machines.size();
    for (Replayer machine : machines) {
      for (Note note : machine.notes()) {
        byReason
            .computeIfAbsent(Reason.of(note), r -> new ArrayList<>())
            .add(new Where(machine.variant().id(), note));
      }
    }
  }

  void print(PrintWriter out) {
    byReason.forEach(
        (reason, where) ->
            out.printf(
                "%-14s %s: %s (%s, first %s%s)%n",
                reason.kind(),
                reason.call(),
                reason.text(),
                lines(where),
                first(where),
                on(where)));
  }

  private static String lines(List<Where> where) {
    long least = where.stream().mapToLong(one -> one.note().count()).min().orElse(0);
    long most = where.stream().mapToLong(one -> one.note().count()).max().orElse(0);
    String counts = least == most ? Long.toString(most) : least + " to " + most;
    return counts + (most == 1 ? " line" : " lines");
  }

  private String first(List<Where> where) {
    Note first =
        where.stream()
            .map(Where::note)
            .min(Comparator.comparingInt(Note::firstTrace).thenComparingLong(Note::firstLine))
            .orElseThrow();
    String line = "line " + first.firstLine();
    return traces.size() == 1 ? line : traces.get(first.firstTrace()) + " " + line;
  }

  private String on(List<Where> where) {
    if (where.size() == variants) {
      return "";
    }
    return where.size() > MAX_NAMED
        ? "; on %d of %d variants".formatted(where.size(), variants)
        : where.stream().map(Where::variant).collect(Collectors.joining(" ", "; on ", ""));
  }
}
