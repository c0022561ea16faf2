package org.mmport.conformance.qemu;

import org.mmport.spi.MmportException;

/** QEMU could not be started or asked, or did not answer in time. */
public final class QemuException extends MmportException {
  private static final long serialVersionUID = 1L;

  public QemuException(String message) {
    super(message);
  }

  public QemuException(String message, Throwable cause) {
    super(message, cause);
  }
}
