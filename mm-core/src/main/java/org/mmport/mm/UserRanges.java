package org.mmport.mm;

import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.VaRegion;

/** Which ranges a process may name: whole pages of the user's part of the addresses. */
final class UserRanges {
  private final MmuVariant variant;
  private final VmaTree vmas;
  private final VaRegion user;
  private final long pageBytes;

  /** Those of one process, which has these mappings. */
  UserRanges(MmuVariant variant, VmaTree vmas) {
    this.variant = variant;
    this.vmas = vmas;
    this.user = variant.geometry().vaLayout().userRegion();
    this.pageBytes = variant.geometry().pageBytes();
  }

  /** The highest gap, but never at the first page, so that following a null pointer faults. */
  long requireGap(String operation, long sizeBytes) {
    return vmas.findGap(user.firstVa() + pageBytes, user.lastVa(), sizeBytes, pageBytes)
        .orElseThrow(
            () ->
                new InvalidRequestException(
                    "%s of 0x%x bytes: no gap of that size is left; unmap something first"
                        .formatted(operation, sizeBytes)));
  }

  void requireRange(String operation, long va, long sizeBytes) {
    requirePages(operation, va, sizeBytes);
    requireUser(operation, va, sizeBytes);
  }

  /** Whether it may be named at all. */
  boolean isRange(long va, long sizeBytes) {
    return ((va | sizeBytes) & (pageBytes - 1)) == 0
        && sizeBytes > 0
        && isUser(va, va + sizeBytes - 1);
  }

  void requirePages(String operation, long va, long sizeBytes) {
    if (((va | sizeBytes) & (pageBytes - 1)) != 0 || sizeBytes <= 0) {
      throw new InvalidRequestException(
          "%s 0x%x, 0x%x bytes: both must be multiples of the page, 0x%x, and not empty"
              .formatted(operation, va, sizeBytes, pageBytes));
    }
  }

  void requireUser(String operation, long va, long sizeBytes) {
    long lastVa = va + sizeBytes - 1;
    if (!isUser(va, lastVa)) {
      throw new InvalidRequestException(
          "%s 0x%x..0x%x: user mappings of %s are within 0x%x..0x%x"
              .formatted(operation, va, lastVa, variant.id(), user.firstVa(), user.lastVa()));
    }
  }

  boolean isUser(long va, long lastVa) {
    return user.contains(va) && user.contains(lastVa) && Long.compareUnsigned(lastVa, va) >= 0;
  }
}
