package org.mmport.machine;

import org.mmport.spi.MmportException;

/** No node that may be used has a free block of the size asked for. Nothing was changed. */
public final class OutOfFramesException extends MmportException {
  private static final long serialVersionUID = 1L;

  public OutOfFramesException(String message) {
    super(message);
  }
}
