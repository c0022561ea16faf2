package org.mmport.mm;

import org.mmport.cpu.CpuSet;
import org.mmport.cpu.MmContext;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TlbFlusher;

/**
 * What it takes that all address spaces and CPUs have one and the same kernel half. Apart, so that
 * a part of it can be left out and the suite be seen to tell.
 */
public interface KernelUpkeep {
  /** All that it takes. */
  KernelUpkeep FULL = new KernelUpkeep() {};

  /** How what is owed for changes of the kernel's half reaches CPUs. */
  default TlbFlusher flusher(CpuSet cpus, MmContext kernel) {
    return cpus.kernelFlusher(kernel);
  }

  /** Makes a process's copies of the kernel's root entries equal again, from first to last. */
  default void copy(PageTable kernel, PageTable process, long va, long lastVa, MmuGather gather) {
    process.copyKernelEntries(kernel, va, lastVa, gather);
  }

  /** Gives the tables of a process back, which has come to its end. */
  default void end(PageTable kernel, PageTable process) {
    process.close();
  }
}
