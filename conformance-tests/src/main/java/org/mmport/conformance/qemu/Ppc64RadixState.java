package org.mmport.conformance.qemu;

import java.util.Optional;
import org.mmport.conformance.qemu.AccessResult.FaultCause;
import org.mmport.spi.Level;
import org.mmport.spi.Rights;

/**
 * What AMR and IAMR make of radix trees: of each, key 0 alone, and only where the kernel touches
 * what users may (Power ISA 3.0B Book III, section "Storage Protection"). R and C of leaves are
 * always set (section "Reference and Change Recording").
 *
 * @param lpcr the register that chooses radix trees
 * @param noWrite AMR: the kernel does not write to user pages (KUAP)
 * @param noRead AMR: nor reads them
 * @param noExec IAMR: nor runs them (KUEP)
 */
record Ppc64RadixState(long lpcr, boolean noWrite, boolean noRead, boolean noExec)
    implements CpuState {
  static final long R = 1L << 8;
  static final long C = 1L << 7;

  private static final long LEAF = 1L << 62;
  private static final long FIRST_OF_KEY_0 = 1L << 63;
  private static final long SECOND_OF_KEY_0 = 1L << 62;

  @Override
  public GuestOp operation() {
    long amr = (noWrite ? FIRST_OF_KEY_0 : 0) | (noRead ? SECOND_OF_KEY_0 : 0);
    return GuestOp.controls(lpcr, amr, noExec ? SECOND_OF_KEY_0 : 0);
  }

  @Override
  public String words() {
    return "with AMR %s%s and IAMR %s of key 0"
        .formatted(noRead ? "r" : "-", noWrite ? "w" : "-", noExec ? "x" : "-");
  }

  @Override
  public int rights(int rights) {
    if ((rights & Rights.USER) == 0) {
      return rights;
    }
    return rights
        & ~(noWrite ? Rights.KERNEL_WRITE : 0)
        & ~(noRead ? Rights.KERNEL_READ : 0)
        & ~(noExec ? Rights.KERNEL_EXEC : 0);
  }

  @Override
  public Optional<FaultCause> refuses(long raw, Level level) {
    return Optional.empty();
  }

  @Override
  public long used(long raw, Level level) {
    return (raw & LEAF) != 0 ? raw | R : raw;
  }

  @Override
  public long written(long raw, Level level) {
    return raw | C;
  }
}
