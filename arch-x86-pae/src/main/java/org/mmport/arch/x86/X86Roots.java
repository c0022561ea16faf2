package org.mmport.arch.x86;

import java.util.List;
import org.mmport.spi.Registers;
import org.mmport.spi.RootFinder;
import org.mmport.spi.RootLookup;

/**
 * The root from CR3: Intel SDM volume 3A, section 4.1.1 (modes), tables 4-3 and 4-7 (CR3).
 *
 * @param pae whether the variant is in use with CR4.PAE set, or clear
 * @param root the bits of CR3 that are an address
 */
record X86Roots(boolean pae, long root) implements RootFinder {
  private static final long CR0_PG = 1L << 31;
  private static final long CR4_PAE = 1L << 5;
  private static final long EFER_LMA = 1L << 10;

  @Override
  public RootLookup find(Registers registers) {
    if (registers.get("cr3").isEmpty() || registers.get("cr4").isEmpty()) {
      return new RootLookup.NotSelected("cr3 and cr4 are not both known");
    }
    if (registers.lacks("cr0", CR0_PG)) {
      return new RootLookup.NotSelected("CR0.PG is not set");
    }
    if ((registers.get("efer").orElse(0) & EFER_LMA) != 0) {
      return new RootLookup.NotSelected("EFER.LMA is set: the CPU is in long mode");
    }
    return registers.lacks("cr4", CR4_PAE) == pae
        ? new RootLookup.NotSelected("CR4.PAE is " + (pae ? "not set" : "set"))
        : new RootLookup.Found(List.of(registers.get("cr3").orElseThrow() & root));
  }
}
