package org.mmport.mm;

import org.mmport.spi.MmportException;

/** No swap area has a free slot. Nothing was changed. */
public final class OutOfSwapException extends MmportException {
  private static final long serialVersionUID = 1L;

  public OutOfSwapException(String message) {
    super(message);
  }
}
