package org.mmport.scenario;

/** What a step came to, for whoever did it. */
public sealed interface StepResult {
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
