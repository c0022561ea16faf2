package org.mmport.arch.arm64;

import java.util.Set;
import org.mmport.spi.MmuFeature;

/**
 * Who keeps the access flag and the dirty state: Arm ARM DDI 0487, D8.5 (FEAT_HAFDBS, TCR_EL1.HA
 * and HD); Linux {@code CONFIG_ARM64_HW_AFDBM}. A leaf without AF has the rights of one with it:
 * what refuses an access to it is an access flag fault, not a lack of rights.
 */
enum Arm64Marks {
  /** HA and HD are set. */
  BY_HARDWARE,

  /** Both are clear, or there is no FEAT_HAFDBS: the first access faults, and the first write. */
  BY_SOFTWARE;

  private static final long HA_HD = 3L << 39;

  /** The bit with which hardware clears AP2 where it refused a write otherwise; 0 for none. */
  long dirtied() {
    return this == BY_HARDWARE ? Arm64PteFormat.WRITE : 0;
  }

  Set<MmuFeature> features() {
    return this == BY_HARDWARE ? Set.of(MmuFeature.HW_ACCESSED, MmuFeature.HW_DIRTY) : Set.of();
  }

  /** Whose work TCR_EL1 says it is; with HA alone, clean pages are software's. */
  static Arm64Marks of(long tcr) {
    return (tcr & HA_HD) == HA_HD ? BY_HARDWARE : BY_SOFTWARE;
  }
}
