package org.mmport.conformance.qemu;

/**
 * A leaf as QEMU's monitor lists it.
 *
 * @param va first address that it maps
 * @param flags the leaf's own bits, each as a letter in place or a dash
 */
record ListedPage(long va, long physAddr, String flags) {}
