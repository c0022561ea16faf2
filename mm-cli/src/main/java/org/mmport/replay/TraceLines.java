package org.mmport.replay;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The lines of a trace, one after the other, whatever the trace's size. */
final class TraceLines {
  private static final int MAX_LINE_BYTES = 1 << 16;

  private static final int SHOWN_CHARS = 60;

  private final InputStream in;
  private final byte[] buffer = new byte[2 * MAX_LINE_BYTES];
  private final ValgrindCalls valgrindCalls = new ValgrindCalls();
  private int start;
  private int end;
  private int next;
  private int filled;
  private long number;
  private boolean ended;

  TraceLines(InputStream in) {
    this.in = in;
  }

  /** Goes to the next line, if there is one. */
  boolean advance() {
    start = next;
    for (int at = start; ; at++) {
      if (at == filled) {
        at -= fill();
      }
      if (at == filled) {
        end = at;
        next = at;
        number += start < end ? 1 : 0;
        return start < end;
      }
      if (buffer[at] == '\n') {
        end = at > start && buffer[at - 1] == '\r' ? at - 1 : at;
        next = at + 1;
        number++;
        return true;
      }
      if (at - start >= MAX_LINE_BYTES) {
        number++;
        throw new TraceFormatException(
            "line %d: has more than %d bytes; is it a trace?".formatted(number, MAX_LINE_BYTES));
      }
    }
  }

  /** Gets more of the trace and returns by how much what is here moved to the front. */
  private int fill() {
    if (ended) {
      return 0;
    }
    int moved = start;
    System.arraycopy(buffer, start, buffer, 0, filled - start);
    filled -= moved;
    start = 0;
    try {
      int read = in.read(buffer, filled, buffer.length - filled);
      ended = read < 0;
      filled += Math.max(0, read);
    } catch (IOException e) {
      throw new UncheckedIOException("trace cannot be read: " + e.getMessage(), e);
    }
    return moved;
  }

  /** The number of the line, from 1. */
  long number() {
    return number;
  }

  /**
   * What the line says.
   *
   * @throws TraceFormatException where it is not a line of a trace; it does not name the line
   */
  TraceLine parse() {
    if (LackeyLines.isAccess(buffer, start, end)) {
      return LackeyLines.parse(buffer, start, end);
    }
    String text = text();
    if (text.isBlank() || text.startsWith("==") || text.startsWith("--")) {
      // Valgrind's own, and signals of a trace without numbers.
      return new TraceLine.Remark();
    }
    return ValgrindCalls.isCall(text) ? valgrindCalls.parse(text) : StraceLines.parse(text);
  }

  private String text() {
    return new String(buffer, start, end - start, StandardCharsets.UTF_8);
  }

  /** The line for a message: its beginning, and what is not text as dots. */
  String shown() {
    String text = text().replaceAll("[^\\x20-\\x7e]", ".");
    return text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "...";
  }
}
