package org.mmport.mm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.function.LongConsumer;
import org.mmport.cpu.Access;
import org.mmport.cpu.Cpu;
import org.mmport.machine.OutOfFramesException;

/** User code on a CPU: loads, stores and fetches of a byte, with the faults that this takes. */
public final class UserCpu {
  /**
   * More faults than any access needs: a page, a right, young and dirty, each met once, and some
   * that other CPUs cause.
   */
  private static final int MAX_FAULTS = 64;

  private final AddressSpace mm;
  private final Cpu cpu;
  private final int cpuIndex;

  /** Code of an address space on a CPU. Whatever ran there before does so no longer. */
  public UserCpu(AddressSpace mm, int cpuIndex) {
    this.mm = mm;
    this.cpu = mm.system().cpus().cpu(cpuIndex);
    this.cpuIndex = cpuIndex;
    cpu.load(mm.context());
  }

  /**
   * Loads a byte.
   *
   * @throws SegmentationFaultException where nothing is mapped, or not for that
   * @throws OutOfFramesException where there is no memory for the page
   */
  public byte load(long va) {
    return read(va, Access.USER_READ);
  }

  /**
   * Stores a byte.
   *
   * @throws SegmentationFaultException as above
   * @throws OutOfFramesException as above
   */
  public void store(long va, byte value) {
    perform(va, Access.USER_WRITE, at -> bytes(at).set(JAVA_BYTE, 0, value));
  }

  /**
   * Fetches a byte of an instruction.
   *
   * @throws SegmentationFaultException as above
   * @throws OutOfFramesException as above
   */
  public byte fetch(long va) {
    return read(va, Access.USER_EXEC);
  }

  private byte read(long va, Access access) {
    byte[] found = new byte[1];
    perform(va, access, at -> found[0] = bytes(at).get(JAVA_BYTE, 0));
    return found[0];
  }

  private MemorySegment bytes(long physAddr) {
    return mm.system().memory().slice(physAddr, 1);
  }

  /** Nothing that the CPU may use for it goes while it is done. */
  private void perform(long va, Access access, LongConsumer work) {
    for (int i = 0; i < MAX_FAULTS; i++) {
      if (cpu.perform(va, access, work)) {
        return;
      }
      FaultStatus status = mm.fault(va, access, cpuIndex);
      if (status == FaultStatus.OUT_OF_MEMORY) {
        throw new OutOfFramesException(
            "access to 0x%x: no memory for its page or the tables above it; unmap something"
                .formatted(va));
      }
      if (!status.isResolved()) {
        throw new SegmentationFaultException(va, access, status);
      }
    }
    throw new IllegalStateException(
        "access to 0x%x faults again after %d faults that were resolved".formatted(va, MAX_FAULTS));
  }
}
