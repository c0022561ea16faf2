package org.mmport.scenario;

/** What a step came to, for whoever did it. */
public sealed interface StepResult {
  /** Whether a step that must come to this may come to that. */
  default boolean permits(StepResult actual) {
    return equals(actual);
  }

  /** It is done, and there is nothing to be seen of it. */
  record Done() implements StepResult {
    @Override
    public String toString() {
      return "done";
    }
  }

  /** A byte was read. */
  record Value(byte value) implements StepResult {
    @Override
    public String toString() {
      return Byte.toString(value);
    }
  }

  /**
   * A byte was read of a page that was freed lazily: it is what was stored there, or zero. Only a
   * model says so; what is read is a {@link Value}.
   */
  record ValueOrZero(byte value) implements StepResult {
    @Override
    public boolean permits(StepResult actual) {
      return actual.equals(new Value(value)) || actual.equals(new Value((byte) 0));
    }

    @Override
    public String toString() {
      return value + " or 0";
    }
  }

  /** Nothing is mapped there. */
  record NotMapped() implements StepResult {
    @Override
    public String toString() {
      return "fault: not mapped";
    }
  }

  /** The mapping does not permit it. */
  record NotPermitted() implements StepResult {
    @Override
    public String toString() {
      return "fault: not permitted";
    }
  }

  /** The file has no such page. */
  record BeyondFile() implements StepResult {
    @Override
    public String toString() {
      return "fault: beyond the file";
    }
  }

  /** The request breaks a rule. */
  record Refused() implements StepResult {
    @Override
    public String toString() {
      return "refused";
    }
  }

  /** There is no memory for it. */
  record OutOfMemory() implements StepResult {
    @Override
    public String toString() {
      return "out of memory";
    }
  }
}
