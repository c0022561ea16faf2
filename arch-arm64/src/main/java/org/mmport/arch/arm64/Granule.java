package org.mmport.arch.arm64;

/**
 * A size of pages: Arm ARM DDI 0487, D24.2 (TCR_EL1); Linux {@code CONFIG_ARM64_CONT_PTE_SHIFT},
 * arch/arm64/Kconfig.
 *
 * @param pageShift log2 of its bytes
 * @param tg0 how TCR_EL1.TG0 names it; tg1 alike
 * @param contPtes pages in a contiguous run; contPmds alike, of larger leaves
 */
record Granule(int pageShift, int tg0, int tg1, int contPtes, int contPmds) {}
