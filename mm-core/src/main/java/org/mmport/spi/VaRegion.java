package org.mmport.spi;

/**
 * A stretch of virtual addresses that one root table translates.
 *
 * @param name what the architecture calls it, such as {@code low half} or {@code TTBR1}
 * @param firstVa first address, unsigned
 * @param lastVa last address, unsigned and inclusive, so that the top of the address space can be
 *     said
 * @param root index of the root that translates it, from 0
 */
public record VaRegion(String name, long firstVa, long lastVa, int root) {
  public VaRegion {
    if (Long.compareUnsigned(firstVa, lastVa) > 0) {
      throw new InvalidRequestException(
          "VA region %s 0x%x..0x%x: first is above last".formatted(name, firstVa, lastVa));
    }
    if (root < 0) {
      throw new InvalidRequestException(
          "VA region " + name + " root=" + root + ": roots count from 0");
    }
  }

  /** Whether the address lies in this region. */
  public boolean contains(long va) {
    return Long.compareUnsigned(va, firstVa) >= 0 && Long.compareUnsigned(va, lastVa) <= 0;
  }
}
