package org.mmport.conformance.qemu;

/** An access to try: what, where, and, of a write, which value. */
record Probe(Access access, long va, int value) {
  GuestOp operation(CpuState cpu) {
    return GuestOp.access(access, va, value, cpu);
  }
}
