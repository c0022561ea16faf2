package org.mmport.conformance;

/** Ends a clause that found something wrong; the message is the line that is reported. */
final class ClauseFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ClauseFailure(String message) {
    super(message);
  }
}
