package org.mmport.spi;

/** Reads the roots, and whether the variant is in use at all, out of a CPU's registers. */
@FunctionalInterface
public interface RootFinder {
  RootLookup find(Registers registers);
}
