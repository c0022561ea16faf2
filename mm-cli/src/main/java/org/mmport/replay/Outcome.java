package org.mmport.replay;

/** What a call returned when it was recorded. */
public sealed interface Outcome {
  /** A value: 0, an address, a process. */
  record Value(long value) implements Outcome {}

  /** An error, such as {@code ENOMEM}. */
  record Failed(String errno) implements Outcome {}

  /** It did not return, or the trace does not say what. */
  record None() implements Outcome {}
}
