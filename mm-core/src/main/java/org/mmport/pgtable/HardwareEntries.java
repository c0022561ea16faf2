package org.mmport.pgtable;

import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/**
 * Entries as a hardware walker reaches them: by physical address, loaded whole, marked by locked
 * updates, in the variant's width and byte order. For any number of threads.
 */
public final class HardwareEntries {
  private final EntryMemory memory;
  private final EntryCode code;
  private final int entryBytes;

  public HardwareEntries(PhysicalMemory memory, MmuVariant variant) {
    this.memory = new EntryMemory(memory, variant.geometry());
    this.code = VariantCode.of(variant, memory).walks();
    this.entryBytes = variant.geometry().entryBytes();
  }

  /** Whether there is memory where an entry would be. */
  public boolean contains(long entryAddr) {
    return memory.contains(entryAddr, entryBytes);
  }

  /** The entry at an address, the level's empty one where that is no memory. One atomic load. */
  public long load(long entryAddr, Level level) {
    return code.loadWhole(memory, entryAddr, level);
  }

  /** Stores an entry unless it is no longer what was expected, in one atomic step. */
  public boolean compareAndSet(long entryAddr, long expected, long raw) {
    return code.compareAndSet(memory, entryAddr, expected, raw);
  }
}
