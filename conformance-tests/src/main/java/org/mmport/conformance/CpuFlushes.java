package org.mmport.conformance;

import org.mmport.cpu.CpuSet;
import org.mmport.cpu.MmContext;
import org.mmport.pgtable.TlbFlusher;

/** How what is owed for changes of an address space reaches CPUs. */
@FunctionalInterface
interface CpuFlushes {
  TlbFlusher flusher(CpuSet cpus, MmContext context);
}
