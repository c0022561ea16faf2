package org.mmport.pgtable;

/** Addresses, the last one included. */
record Span(long firstVa, long lastVa) {
  static final Span NOWHERE = new Span(1, 0);

  static Span of(long va, long sizeBytes) {
    return new Span(va, va + sizeBytes - 1);
  }

  boolean contains(Span other) {
    return Long.compareUnsigned(firstVa, other.firstVa) <= 0
        && Long.compareUnsigned(other.lastVa, lastVa) <= 0;
  }

  long bytes() {
    return lastVa - firstVa + 1;
  }
}
