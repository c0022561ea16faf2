package org.mmport.pgtable;

import org.mmport.spi.MmportException;

/**
 * A gather was closed while a flush was owed: stale translations could be used. A bug of the
 * caller.
 */
public final class UndischargedDutyException extends MmportException {
  private static final long serialVersionUID = 1L;

  public UndischargedDutyException(String message) {
    super(message);
  }
}
