package org.mmport.spi;

/**
 * The root of every exception that mmport throws on purpose. The message is one line that names the
 * value given, the rule that it breaks, and the way out where there is one.
 */
public abstract class MmportException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  protected MmportException(String message) {
    super(message);
  }

  protected MmportException(String message, Throwable cause) {
    super(message, cause);
  }
}
