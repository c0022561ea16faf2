package org.mmport.conformance;

import org.mmport.spi.MmportException;

/** The core called a port in a way that the SPI does not allow. */
public final class CallProtocolException extends MmportException {
  private static final long serialVersionUID = 1L;

  CallProtocolException(String message) {
    super(message);
  }
}
