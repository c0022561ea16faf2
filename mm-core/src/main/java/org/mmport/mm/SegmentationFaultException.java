package org.mmport.mm;

import org.mmport.cpu.Access;
import org.mmport.spi.MmportException;

/** User code did what its mappings do not permit: the signal that would have ended it. */
public final class SegmentationFaultException extends MmportException {
  private static final long serialVersionUID = 1;

  private final FaultStatus status;

  SegmentationFaultException(long va, Access access, FaultStatus status) {
    super(
        "%s at 0x%x: %s"
            .formatted(
                access.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '),
                va,
                status == FaultStatus.NOT_MAPPED
                    ? "nothing is mapped there (SEGV_MAPERR); map it first"
                    : "the mapping does not permit it (SEGV_ACCERR); mprotect it first"));
    this.status = status;
  }

  /** {@link FaultStatus#NOT_MAPPED} or {@link FaultStatus#NOT_PERMITTED}. */
  public FaultStatus status() {
    return status;
  }
}
