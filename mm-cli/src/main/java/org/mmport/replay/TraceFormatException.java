package org.mmport.replay;

import org.mmport.spi.MmportException;

/** A line of a trace that is none. */
final class TraceFormatException extends MmportException {
  private static final long serialVersionUID = 1;

  TraceFormatException(String message) {
    super(message);
  }
}
