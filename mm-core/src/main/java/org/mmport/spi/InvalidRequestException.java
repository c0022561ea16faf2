package org.mmport.spi;

/**
 * An argument breaks a rule: unaligned, non-canonical, overlapping, out of range, unknown. Nothing
 * was changed.
 */
public final class InvalidRequestException extends MmportException {
  private static final long serialVersionUID = 1L;

  public InvalidRequestException(String message) {
    super(message);
  }
}
