package org.mmport.conformance.qemu;

import java.lang.foreign.ValueLayout;
import java.util.List;
import org.mmport.conformance.qemu.AccessResult.Done;
import org.mmport.conformance.qemu.AccessResult.Fault;
import org.mmport.conformance.qemu.AccessResult.FaultCause;
import org.mmport.machine.PhysicalMemory;

/**
 * What the Arm ARM (DDI 0487) says that hardware without a TLB does with descriptors, from its
 * sections and no port: D8.2 translation, D8.3 descriptors, D8.4 permissions, D8.5 updates of
 * access flag and dirty state. The contiguous bit permits hardware something and is nothing here.
 */
record Arm64Walker(PhysicalMemory memory, Arm64Regime regime, List<Long> roots, Arm64State state) {

  /** Walks and does what an access does to descriptors. */
  AccessResult access(long va, Access access) {
    return walk(va, access, true);
  }

  /** How an access would end. */
  AccessResult look(long va, Access access) {
    return walk(va, access, false);
  }

  private AccessResult walk(long va, Access access, boolean marks) {
    boolean high = va < 0;
    if (va >> (regime.vaBits() - 1) >> 1 != (high ? -1 : 0)) {
      return new Fault(FaultCause.NON_CANONICAL, regime.nameOf(regime.rootLevel()), 0);
    }
    long table = roots.get(high ? 1 : 0);
    boolean tablesDenyUser = false;
    boolean tablesDenyWrite = false;
    boolean uxn = false;
    boolean pxn = false;
    for (int level = regime.rootLevel(); ; level++) {
      long entryAddr = table + 8L * regime.index(level, va);
      long raw = memory.slice(entryAddr, 8).get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
      boolean second = bit(raw, 1);
      if (!bit(raw, 0) || (level == 3 && !second)) {
        return new Fault(FaultCause.NOT_PRESENT, regime.nameOf(level), raw);
      }
      if (level < 3 && second) {
        table = outputAddr(raw, regime.pageShift());
        tablesDenyUser |= bit(raw, 61) && !state.hpd();
        tablesDenyWrite |= bit(raw, 62) && !state.hpd();
        uxn |= bit(raw, 60) && !state.hpd();
        pxn |= bit(raw, 59) && !state.hpd();
        continue;
      }
      if (level < 3 && !blocksAt(regime, level)) {
        return new Fault(FaultCause.NOT_PRESENT, regime.nameOf(level), raw);
      }
      long offset = va & ((1L << regime.shift(level)) - 1);
      long physAddr = outputAddr(raw, regime.shift(level)) + offset;
      if (!bit(raw, 10) && !state.ha()) {
        return new Fault(FaultCause.ACCESS_FLAG, regime.nameOf(level), raw, physAddr);
      }
      boolean dirtyable = state.ha() && state.hd() && bit(raw, 51);
      boolean kernelWrite = (!bit(raw, 7) || dirtyable) && !tablesDenyWrite;
      boolean userRead = bit(raw, 6) && !tablesDenyUser;
      boolean userWrite = userRead && kernelWrite;
      boolean untouchable = state.pan() && userRead;
      boolean allowed =
          switch (access) {
            case KERNEL_READ -> !untouchable;
            case KERNEL_WRITE -> kernelWrite && !untouchable;
            case KERNEL_FETCH ->
                !(pxn || bit(raw, 53)) && !userWrite && !(state.wxn() && kernelWrite);
            case USER_READ -> userRead;
            case USER_WRITE -> userWrite;
            case USER_FETCH -> !(uxn || bit(raw, 54)) && !(state.wxn() && userWrite);
          };
      if (!allowed) {
        return new Fault(FaultCause.PERMISSION, regime.nameOf(level), raw, physAddr);
      }
      long marked = raw | (state.ha() ? 1L << 10 : 0);
      marked &= dirtyable && access.writes() ? ~(1L << 7) : -1L;
      if (marks && marked != raw) {
        memory.slice(entryAddr, 8).set(ValueLayout.JAVA_LONG_UNALIGNED, 0, marked);
      }
      return new Done(physAddr, regime.nameOf(level), raw);
    }
  }

  /** Tables D8-20 to D8-22: where a descriptor with bit 1 clear is a block and not invalid. */
  static boolean blocksAt(Arm64Regime regime, int level) {
    return switch (regime.pageShift()) {
      case 12 -> level == 2 || level == 1 || (level == 0 && regime.isLpa2());
      case 14 -> level == 2 || (level == 1 && regime.isLpa2());
      default -> level == 2 || (level == 1 && regime.paBits() == 52);
    };
  }

  private long outputAddr(long raw, int shift) {
    int top = regime.isLpa2() ? 50 : 48;
    long low = raw & ((1L << top) - 1) & -(1L << shift);
    if (regime.isLpa2()) {
      return low | (raw >>> 8 & 3) << 50;
    }
    return regime.paBits() == 52 ? low | (raw >>> 12 & 15) << 48 : low;
  }

  private static boolean bit(long raw, int bit) {
    return (raw >>> bit & 1) != 0;
  }
}
