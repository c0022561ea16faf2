package org.mmport.spi;

/** The range check behind {@link PteFormat#mkSwap}. */
final class SwapRange {
  private SwapRange() {}

  static void check(PteFormat format, int type, long offset) {
    if (type < 0 || type >= format.swapTypes()) {
      throw new InvalidRequestException(
          "swap type " + type + ": entries hold 0.." + (format.swapTypes() - 1));
    }
    if (offset < 0 || offset >= format.swapOffsets()) {
      throw new InvalidRequestException(
          "swap offset 0x%x: entries hold 0..0x%x".formatted(offset, format.swapOffsets() - 1));
    }
  }
}
