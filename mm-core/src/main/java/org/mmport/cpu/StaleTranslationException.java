package org.mmport.cpu;

import org.mmport.spi.MmportException;

/**
 * A CPU went by something that it had cached to memory that has been given back since: a flush was
 * owed and left out. Whether the memory serves somebody else by now makes no difference.
 */
public final class StaleTranslationException extends MmportException {
  private static final long serialVersionUID = 1L;

  private final int cpu;
  private final long context;
  private final long va;
  private final long physAddr;

  StaleTranslationException(int cpu, long context, long va, long physAddr, String cached) {
    super(
        "CPU %d, address space %d, 0x%016x: goes to 0x%x by %s that it cached before that memory was freed; flush before freeing"
            .formatted(cpu, context, va, physAddr, cached));
    this.cpu = cpu;
    this.context = context;
    this.va = va;
    this.physAddr = physAddr;
  }

  public int cpu() {
    return cpu;
  }

  /** The address space that was loaded. */
  public long context() {
    return context;
  }

  public long va() {
    return va;
  }

  /** What was reached: of the byte, or of the table. */
  public long physAddr() {
    return physAddr;
  }
}
