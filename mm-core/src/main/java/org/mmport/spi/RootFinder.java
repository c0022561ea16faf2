package org.mmport.spi;

/** Reads the roots, and whether the variant is in use at all, out of a CPU's registers. */
@FunctionalInterface
public interface RootFinder {
  RootLookup find(Registers registers);

  /**
   * The same where memory is at hand: for architectures whose registers point at a table of roots,
   * or whose roots a hypervisor keeps. Asks the registers alone by default.
   */
  default RootLookup find(Registers registers, MemoryView memory) {
    return find(registers);
  }
}
