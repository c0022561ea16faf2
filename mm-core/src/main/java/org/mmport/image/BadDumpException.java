package org.mmport.image;

import org.mmport.spi.MmportException;

/**
 * A file is no dump that can be read. The message names the file, the value, where it stands, and
 * the rule that it breaks.
 */
public final class BadDumpException extends MmportException {
  private static final long serialVersionUID = 1L;

  BadDumpException(String message) {
    super(message);
  }

  BadDumpException(String message, Throwable cause) {
    super(message, cause);
  }
}
