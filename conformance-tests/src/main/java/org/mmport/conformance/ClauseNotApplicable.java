package org.mmport.conformance;

/** Ends a clause that has nothing to say about a variant; the message says why. */
final class ClauseNotApplicable extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ClauseNotApplicable(String message) {
    super(message);
  }
}
