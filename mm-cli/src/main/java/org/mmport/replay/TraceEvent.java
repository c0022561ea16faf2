package org.mmport.replay;

/**
 * What happens next in a trace. Tasks are numbered as in the trace; those of accesses, and of
 * traces of one process, are 0.
 */
public sealed interface TraceEvent {
  /** The line that it is on, from 1. */
  long line();

  record Touch(long line, AccessKind kind, long va, int bytes) implements TraceEvent {}

  record Call(long line, int task, MmCall call, Outcome outcome) implements TraceEvent {}

  /** A task is no more. */
  record End(long line, int task) implements TraceEvent {}

  /** A task has another number from now on; who had that is no more. */
  record Renumber(long line, int from, int to) implements TraceEvent {}
}
