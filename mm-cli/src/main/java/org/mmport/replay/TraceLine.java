package org.mmport.replay;

/** What one line of a trace says. */
sealed interface TraceLine {
  /** Nothing: a message of the tool, a signal. */
  record Remark() implements TraceLine {}

  /** An access by the one process of the trace. */
  record Touch(AccessKind kind, long va, int bytes) implements TraceLine {}

  /** A whole call; a task of 0 is the only one. */
  record Whole(int task, MmCall call, Outcome outcome) implements TraceLine {}

  /** A call that began, with its text so far. */
  record Unfinished(int task, String text) implements TraceLine {}

  /** The rest of its text. */
  record Resumed(int task, String name, String text) implements TraceLine {}

  /** A task is no more. */
  record Ended(int task) implements TraceLine {}

  /** A thread's execve made it the process, whose number it now has. */
  record Superseded(int task, int by) implements TraceLine {}
}
