package org.mmport.replay;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lines as strace writes them, with {@code -f} or without, with or without times. Without a number
 * the task is 0.
 */
final class StraceLines {
  private static final Pattern PREFIX =
      Pattern.compile(
          "(?:(?:\\[pid +(\\d{1,9})\\]|(\\d{1,9})) +)?"
              + "(?:(?:\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?|\\d{1,12}\\.\\d{1,9}) +)?");

  private static final Pattern RESUMED = Pattern.compile("<\\.\\.\\. ([a-z0-9_]{1,40}) resumed>");
  private static final Pattern SUPERSEDED =
      Pattern.compile("\\+\\+\\+ superseded by execve in pid (\\d{1,9}) \\+\\+\\+");
  private static final Pattern ENDED =
      Pattern.compile("\\+\\+\\+ (?:exited with \\d+|killed by [A-Z0-9_+-]+.*) \\+\\+\\+");
  private static final String UNFINISHED = "<unfinished ...>";

  /** Why nothing is known of what a call did that is broken off for good. */
  static final String KILLED = "its process was killed in its midst";

  /** How a call is broken off, which goes on where it is resumed. */
  private static final Pattern BROKEN_OFF =
      Pattern.compile("(.+?) *<(?:unfinished|pid changed to \\d{1,9}) \\.\\.\\.>");

  private StraceLines() {}

  static TraceLine parse(String line) {
    Matcher prefix = PREFIX.matcher(line);
    int from = prefix.lookingAt() ? prefix.end() : 0;
    int task = 0;
    if (from > 0 && (prefix.group(1) != null || prefix.group(2) != null)) {
      task = TraceNumbers.task(prefix.group(1) == null ? prefix.group(2) : prefix.group(1));
    }
    return parse(task, line.substring(from).strip());
  }

  private static TraceLine parse(int task, String text) {
    if (text.startsWith("---") || text.startsWith("strace: ")) {
      return new TraceLine.Remark();
    }
    Matcher superseded = SUPERSEDED.matcher(text);
    if (superseded.matches()) {
      return new TraceLine.Superseded(task, TraceNumbers.task(superseded.group(1)));
    }
    if (ENDED.matcher(text).matches()) {
      return new TraceLine.Ended(task);
    }
    Matcher resumed = RESUMED.matcher(text);
    if (resumed.lookingAt()) {
      return new TraceLine.Resumed(task, resumed.group(1), text.substring(resumed.end()));
    }
    Matcher brokenOff = BROKEN_OFF.matcher(text);
    if (text.endsWith("...>") && text.indexOf('(') > 0 && brokenOff.matches()) {
      return new TraceLine.Unfinished(task, brokenOff.group(1));
    }
    return whole(task, text);
  }

  /** A call, as it is on one line or put together from two. */
  static TraceLine whole(int task, String text) {
    int open = text.indexOf('(');
    if (open > 0 && text.contains(UNFINISHED)) {
      MmCall killed = new MmCall.NotReplayable(text.substring(0, open), KILLED);
      return new TraceLine.Whole(task, killed, new Outcome.None());
    }
    CallText call = CallText.parse(text);
    Outcome outcome = StraceCalls.outcome(call.result());
    return new TraceLine.Whole(task, StraceCalls.call(call), outcome);
  }
}
