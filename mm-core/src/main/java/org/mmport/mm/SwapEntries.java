package org.mmport.mm;

import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;

/**
 * Entries of swapped-out pages: a slot of the one swap area, and what of the leaf must outlive it
 * ({@code try_to_unmap_one()}, {@code do_swap_page()}).
 */
final class SwapEntries {
  private static final int TYPE = 0;

  private final MmuVariant variant;
  private final PteFormat format;

  SwapEntries(MmuVariant variant) {
    this.variant = variant;
    this.format = variant.format();
  }

  /** How many slots entries can tell apart, slot 0 being none. */
  long slots() {
    return format.swapOffsets() - 1;
  }

  boolean isSwap(long raw) {
    return format.swap(raw, Level.PTE);
  }

  int slot(long raw) {
    return (int) format.swapOffset(raw, Level.PTE);
  }

  /** What takes the place of a leaf. */
  long of(int slot, long leaf, boolean exclusive) {
    long raw = format.mkSwap(TYPE, slot, Level.PTE);
    if (exclusive) {
      raw = format.swapMkExclusive(raw, Level.PTE);
    }
    if (variant.has(MmuFeature.SOFT_DIRTY) && format.softDirty(leaf, Level.PTE)) {
      raw = format.swapMkSoftDirty(raw, Level.PTE);
    }
    if (variant.has(MmuFeature.UFFD_WP) && format.uffdWp(leaf, Level.PTE)) {
      raw = format.swapMkUffdWp(raw, Level.PTE);
    }
    return raw;
  }

  /** A leaf with what its swap entry kept. */
  long restore(long leaf, long raw) {
    long restored = leaf;
    if (variant.has(MmuFeature.SOFT_DIRTY) && format.swapSoftDirty(raw, Level.PTE)) {
      restored = format.mkSoftDirty(restored, Level.PTE);
    }
    if (variant.has(MmuFeature.UFFD_WP) && format.swapUffdWp(raw, Level.PTE)) {
      restored = format.mkUffdWp(restored, Level.PTE);
    }
    return restored;
  }
}
