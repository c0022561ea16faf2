package org.mmport.conformance;

/** How a clause ended on a variant. */
public enum ClauseOutcome {
  PASS("pass"),
  FAIL("fail"),
  /** The clause has nothing to say about the variant; the reason tells why. */
  NOT_APPLICABLE("not-applicable");

  private final String word;

  ClauseOutcome(String word) {
    this.word = word;
  }

  /** The outcome as a stable word for scripts. */
  public String word() {
    return word;
  }
}
