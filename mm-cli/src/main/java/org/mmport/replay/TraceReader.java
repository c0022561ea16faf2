package org.mmport.replay;

import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;

/** What happens in a trace, in the order in which it does. */
public final class TraceReader {
  private final String name;
  private final TraceLines lines;
  private final TaskOrder order;
  private final Queue<TraceEvent> ready = new ArrayDeque<>();
  private boolean ended;

  /**
   * Reads a trace.
   *
   * @param name what to call it in messages
   */
  public TraceReader(String name, InputStream in) {
    this.name = name;
    this.lines = new TraceLines(in);
    this.order = new TaskOrder(ready::add);
  }

  /**
   * The next event, empty at the end.
   *
   * @throws org.mmport.spi.MmportException where a line is none of a trace; the message names it
   * @throws java.io.UncheckedIOException where the trace cannot be read
   */
  public Optional<TraceEvent> next() {
    while (ready.isEmpty() && !ended) {
      try {
        if (!lines.advance()) {
          ended = true;
          order.end(lines.number());
        } else {
          accept(lines.parse());
        }
      } catch (TraceFormatException e) {
        String message = String.valueOf(e.getMessage());
        throw new TraceFormatException(
            message.startsWith("line ")
                ? name + " " + message
                : "%s line %d, '%s': %s".formatted(name, lines.number(), lines.shown(), message));
      }
    }
    return Optional.ofNullable(ready.poll());
  }

  private void accept(TraceLine line) {
    if (line instanceof TraceLine.Touch touch) {
      ready.add(new TraceEvent.Touch(lines.number(), touch.kind(), touch.va(), touch.bytes()));
    } else {
      order.accept(lines.number(), line);
    }
  }

  /** Lines read so far. */
  public long lines() {
    return lines.number();
  }
}
