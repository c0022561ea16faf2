package org.mmport.conformance.qemu;

/** The paging modes of x86 (Intel SDM volume 3A, 4.1.1) as registers and as the guest's tables. */
enum X86Mode {
  TWO_LEVEL("x86/2level", 1L << 4, 0, 1023),
  PAE("x86/pae", 1L << 5, 0, 3),
  FOUR_LEVEL("x86_64/4level", 1L << 5, 1L << 8, 511),
  LA57("x86_64/la57", 1L << 5 | 1L << 12, 1L << 8, 511);

  private final String variant;
  private final long cr4;
  private final long efer;
  private final int guestRootEntry;

  X86Mode(String variant, long cr4, long efer, int guestRootEntry) {
    this.variant = variant;
    this.cr4 = cr4;
    this.efer = efer;
    this.guestRootEntry = guestRootEntry;
  }

  /** Id of the variant that describes it. */
  String variant() {
    return variant;
  }

  /** PSE, PAE and LA57 as the mode wants them. */
  long cr4() {
    return cr4;
  }

  /** LME as the mode wants it. */
  long efer() {
    return efer;
  }

  boolean hasNx() {
    return this != TWO_LEVEL;
  }

  boolean is64Bit() {
    return efer != 0;
  }

  /** The entry of every root table through which the guest reaches itself. */
  int guestRootEntry() {
    return guestRootEntry;
  }
}
