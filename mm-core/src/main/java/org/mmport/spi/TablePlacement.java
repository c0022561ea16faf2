package org.mmport.spi;

/**
 * How a table lies in physical memory. Whether that is a page, part of one, or several is derived
 * from the size, not declared: 32 bytes for a PAE pgd, 1 KiB for a ppc64 pmd, 64 KiB for a radix
 * pgd.
 *
 * @param sizeBytes bytes that one table takes, at least those of its entries (ppc64 keeps hash
 *     slots behind them)
 * @param alignBytes alignment of its first byte
 */
public record TablePlacement(int sizeBytes, int alignBytes) {
  /** The placement of a folded level: there is no table. */
  public static final TablePlacement NONE = new TablePlacement(0, 1);

  public TablePlacement {
    boolean sizeFits = sizeBytes == 0 || Integer.bitCount(sizeBytes) == 1;
    if (!sizeFits || sizeBytes < 0 || Integer.bitCount(alignBytes) != 1 || alignBytes < 1) {
      throw new InvalidRequestException(
          "table placement "
              + sizeBytes
              + " bytes aligned "
              + alignBytes
              + ": both must be powers of two");
    }
    if (alignBytes > Math.max(sizeBytes, 1)) {
      throw new InvalidRequestException(
          "table placement "
              + sizeBytes
              + " bytes aligned "
              + alignBytes
              + ": the allocator aligns to the size at most; enlarge sizeBytes");
    }
  }

  /** A table of that many bytes, aligned to its own size. */
  public static TablePlacement natural(int sizeBytes) {
    return new TablePlacement(sizeBytes, sizeBytes);
  }
}
