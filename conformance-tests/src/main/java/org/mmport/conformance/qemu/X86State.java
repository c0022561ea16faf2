package org.mmport.conformance.qemu;

import java.util.Optional;
import org.mmport.conformance.qemu.AccessResult.FaultCause;
import org.mmport.spi.Level;
import org.mmport.spi.Rights;

/**
 * The bits of CR0, CR4, EFER and EFLAGS that change what entries mean: Intel SDM volume 3A, 4.6
 * "Access Rights" and 4.7 "Page-Fault Exceptions".
 *
 * @param mode which paging
 * @param wp CR0.WP: the kernel obeys R/W
 * @param smep CR4.SMEP: the kernel does not run user pages
 * @param smap CR4.SMAP: the kernel does not touch user pages
 * @param nxe EFER.NXE: entries can forbid execution
 * @param ac EFLAGS.AC: the kernel touches user pages after all
 */
record X86State(X86Mode mode, boolean wp, boolean smep, boolean smap, boolean nxe, boolean ac)
    implements CpuState {
  static final long P = 1;
  static final long RW = 1L << 1;
  static final long US = 1L << 2;
  static final long A = 1L << 5;
  static final long D = 1L << 6;
  static final long XD = 1L << 63;

  private static final long CR0 = 0x8001_0001L;
  private static final long WP = 1L << 16;
  private static final long SMEP = 1L << 20;
  private static final long SMAP = 1L << 21;
  private static final long PGE = 1L << 7;
  private static final long EFER_NXE = 1L << 11;

  /** As Linux runs. */
  static X86State usual(X86Mode mode) {
    return new X86State(mode, true, true, true, mode.hasNx(), false);
  }

  @Override
  public GuestOp operation() {
    return GuestOp.controls(
        wp ? CR0 : CR0 & ~WP,
        mode.cr4() | PGE | (smep ? SMEP : 0) | (smap ? SMAP : 0),
        mode.efer() | (nxe ? EFER_NXE : 0));
  }

  @Override
  public String words() {
    return "with WP=%d SMEP=%d SMAP=%d NXE=%d AC=%d"
        .formatted(wp ? 1 : 0, smep ? 1 : 0, smap ? 1 : 0, nxe ? 1 : 0, ac ? 1 : 0);
  }

  @Override
  public long accessFlags() {
    return ac ? 1 : 0;
  }

  @Override
  public int rights(int rights) {
    int left = rights;
    if (!wp && (left & Rights.KERNEL_READ) != 0) {
      left |= Rights.KERNEL_WRITE;
    }
    if (Rights.user(rights)) {
      left &= smep ? ~Rights.KERNEL_EXEC : -1;
      left &= smap && !ac ? ~(Rights.KERNEL_READ | Rights.KERNEL_WRITE) : -1;
    }
    return left;
  }

  /** Execute disable is reserved unless EFER.NXE is set. */
  @Override
  public Optional<FaultCause> refuses(long raw, Level level) {
    boolean reserved = mode.hasNx() && !nxe && (raw & XD) != 0;
    return reserved ? Optional.of(FaultCause.RESERVED_BIT) : Optional.empty();
  }

  /** The entries of a PAE root have no accessed bit. */
  @Override
  public long used(long raw, Level level) {
    return mode == X86Mode.PAE && level == Level.PGD ? raw : raw | A;
  }

  @Override
  public long written(long raw, Level level) {
    return raw | D;
  }

  /** Whether page faults tell fetches from reads: SDM 4.7, the I/D flag. */
  boolean tellsFetches() {
    return smep || (mode.hasNx() && nxe);
  }
}
