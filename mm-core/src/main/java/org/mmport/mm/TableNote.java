package org.mmport.mm;

/**
 * What a table of the last level maps, as it is kept with the table: so that those who come to
 * share it, or cease to, can count its pages without a look at its entries.
 *
 * @param bits three numbers of 20 bits, which is more than any table has entries, and a mark
 */
record TableNote(long bits) {
  private static final int BITS = 20;
  private static final long MASK = (1L << BITS) - 1;
  private static final long MAY_PIN = 1L << 62;

  long anonPages() {
    return bits & MASK;
  }

  long filePages() {
    return (bits >>> BITS) & MASK;
  }

  long swapEntries() {
    return (bits >>> (2 * BITS)) & MASK;
  }

  TableNote plus(long anon, long file, long swap) {
    return new TableNote(bits + anon + (file << BITS) + (swap << (2 * BITS)));
  }

  /** Whether a page may have been pinned through the table. */
  boolean mayPin() {
    return (bits & MAY_PIN) != 0;
  }

  TableNote withPins() {
    return new TableNote(bits | MAY_PIN);
  }

  TableNote withoutPins() {
    return new TableNote(bits & ~MAY_PIN);
  }
}
