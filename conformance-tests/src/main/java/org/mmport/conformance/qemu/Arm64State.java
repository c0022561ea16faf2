package org.mmport.conformance.qemu;

import java.util.Optional;
import org.mmport.conformance.qemu.AccessResult.FaultCause;
import org.mmport.spi.Level;
import org.mmport.spi.Rights;

/**
 * The bits of TCR_EL1, SCTLR_EL1 and PSTATE that change what entries mean: Arm ARM (DDI 0487), D8.4
 * "Memory access control" and D8.5 "Hardware updates to the translation tables".
 *
 * @param regime which tables
 * @param ha TCR_EL1.HA: hardware sets the access flag
 * @param hd TCR_EL1.HD: hardware keeps the dirty state, if HA too
 * @param pan PSTATE.PAN: the kernel does not touch user pages
 * @param wxn SCTLR_EL1.WXN: what can be written is not run
 * @param hpd TCR_EL1.HPD0 and HPD1: tables take no rights away
 */
record Arm64State(Arm64Regime regime, boolean ha, boolean hd, boolean pan, boolean wxn, boolean hpd)
    implements CpuState {
  static final long TYPE_TABLE = 1L << 1;
  static final long AP_RDONLY = 1L << 7;
  static final long AF = 1L << 10;
  static final long DBM = 1L << 51;

  private static final long HA = 1L << 39;
  private static final long HD = 1L << 40;
  private static final long HPD0_HPD1 = 3L << 41;

  /** M, C and I; of the rest, what is res1 without the features that it controls, and SPAN. */
  private static final long SCTLR = 0x30d0_1805L;

  private static final long WXN = 1L << 19;
  private static final long PSTATE_PAN = 1L << 22;

  /** As Linux runs. */
  static Arm64State usual(Arm64Regime regime) {
    boolean marks = regime.hasHafdbs();
    return new Arm64State(regime, marks, marks, true, false, false);
  }

  @Override
  public GuestOp operation() {
    long tcr = regime.tcr() | (ha ? HA : 0) | (hd ? HD : 0) | (hpd ? HPD0_HPD1 : 0);
    return GuestOp.controls(tcr, SCTLR | (wxn ? WXN : 0), 0);
  }

  @Override
  public String words() {
    return "with HA=%d HD=%d PAN=%d WXN=%d HPD=%d"
        .formatted(ha ? 1 : 0, hd ? 1 : 0, pan ? 1 : 0, wxn ? 1 : 0, hpd ? 1 : 0);
  }

  @Override
  public long accessFlags() {
    return pan ? PSTATE_PAN : 0;
  }

  /** PAN says nothing of fetches, and WXN looks at what entries grant. */
  @Override
  public int rights(int rights) {
    int left = rights;
    if (wxn && (rights & Rights.KERNEL_WRITE) != 0) {
      left &= ~Rights.KERNEL_EXEC;
    }
    if (wxn && (rights & Rights.USER_WRITE) != 0) {
      left &= ~Rights.USER_EXEC;
    }
    if (pan && (rights & Rights.USER_READ) != 0) {
      left &= ~(Rights.KERNEL_READ | Rights.KERNEL_WRITE);
    }
    return left;
  }

  @Override
  public int tableRights(int rights) {
    return hpd ? Rights.ALL : rights;
  }

  /** Where hardware could mark leaves, their rights are those that they have while it does. */
  @Override
  public int leafRights(int rights, long raw) {
    if (!regime.hasHafdbs()) {
      return rights;
    }
    boolean writable = (raw & AP_RDONLY) == 0 || keepsDirty(raw);
    return writable ? rights : rights & ~Rights.WRITE;
  }

  @Override
  public Optional<FaultCause> refuses(long raw, Level level) {
    return isLeaf(raw, level) && !ha && (raw & AF) == 0
        ? Optional.of(FaultCause.ACCESS_FLAG)
        : Optional.empty();
  }

  /** No flag in tables: that is FEAT_HAFT. */
  @Override
  public long used(long raw, Level level) {
    return ha && isLeaf(raw, level) ? raw | AF : raw;
  }

  @Override
  public long written(long raw, Level level) {
    return keepsDirty(raw) ? raw & ~AP_RDONLY : raw;
  }

  @Override
  public boolean tracksWrites(long raw) {
    return (raw & DBM) != 0;
  }

  /** Whether hardware makes such a leaf dirty, which makes it writable. */
  boolean keepsDirty(long raw) {
    return ha && hd && (raw & DBM) != 0;
  }

  private static boolean isLeaf(long raw, Level level) {
    return level == Level.PTE || (raw & TYPE_TABLE) == 0;
  }
}
