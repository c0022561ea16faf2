package org.mmport.interleave;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.mmport.spi.InvalidRequestException;

/**
 * In which order threads took their steps. As text {@code A12 B3 A7}: the first thread until it is
 * about to take its twelfth step, the second until its third from there, the first again. Whoever
 * ends or has to wait gives way before its number is reached; after the last, threads end in turn.
 */
public record Schedule(List<Turn> turns) {
  /**
   * One thread's.
   *
   * @param thread counted from 0
   * @param steps that it came to, its end among them; the last is taken in its next turn
   */
  public record Turn(int thread, int steps) {
    /** As in {@code B3}. */
    @Override
    public String toString() {
      return name(thread) + steps;
    }
  }

  public Schedule {
    turns = List.copyOf(turns);
  }

  /** A thread's letter. */
  static String name(int thread) {
    return String.valueOf((char) ('A' + thread));
  }

  /** From the form of {@link #toString}. */
  public static Schedule parse(String text) {
    List<Turn> turns = new ArrayList<>();
    for (String turn : text.isBlank() ? List.<String>of() : List.of(text.strip().split(" +"))) {
      if (!turn.matches("[A-Z][0-9]{1,9}")) {
        throw new InvalidRequestException(
            "schedule \"" + text + "\": \"" + turn + "\" must be a letter and a number, as in A12");
      }
      turns.add(new Turn(turn.charAt(0) - 'A', Integer.parseInt(turn.substring(1))));
    }
    return new Schedule(turns);
  }

  @Override
  public String toString() {
    return turns.stream().map(Turn::toString).collect(Collectors.joining(" "));
  }
}
