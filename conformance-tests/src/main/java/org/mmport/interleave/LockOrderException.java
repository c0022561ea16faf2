package org.mmport.interleave;

import org.mmport.spi.MmportException;

/** A thread takes locks in an order in which it may wait for one that waits for it. */
public final class LockOrderException extends MmportException {
  private static final long serialVersionUID = 1L;

  LockOrderException(String message) {
    super(message);
  }
}
