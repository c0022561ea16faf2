package org.mmport.arch.arm64;

/**
 * How an output address lies in a descriptor: Arm ARM DDI 0487, D8.3.1, figures of VMSAv8-64
 * descriptors; Linux {@code PTE_ADDR_LOW}, {@code PTE_ADDR_HIGH}.
 *
 * @param pageShift 12, 14 or 16: the granule
 * @param paBits 48, or 52, whose uppermost bits lie below the rest
 * @param low the bits that are in place
 * @param high where those above lie
 * @param highShift how far up they go
 */
record Arm64Output(int pageShift, int paBits, long low, long high, int highShift) {
  static Arm64Output of(int pageShift, int paBits) {
    if (paBits == 48) {
      return new Arm64Output(pageShift, 48, bits(47, pageShift), 0, 0);
    }
    // 64K keeps bits 51:48 in 15:12. Smaller granules (LPA2) keep 51:50 in 9:8, once shareability.
    return pageShift == 16
        ? new Arm64Output(pageShift, 52, bits(47, 16), bits(15, 12), 36)
        : new Arm64Output(pageShift, 52, bits(49, pageShift), bits(9, 8), 42);
  }

  /** FEAT_LPA2 with TCR_EL1.DS: shareability is said by TCR_EL1. */
  boolean lpa2() {
    return high == bits(9, 8);
  }

  static long bits(int high, int low) {
    return (-1L >>> (63 - high)) & (-1L << low);
  }
}
