package org.mmport.conformance.qemu;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.mmport.machine.PhysicalMemory;

/**
 * Where things lie in the RAM of a machine of IBM's ("powernv"), and how the guest {@code ppc64.S},
 * in the hypervisor's real mode, is started there. Everything is big-endian.
 */
final class Ppc64Ram {
  /** The guest's code begins with the interrupt vectors. */
  private static final long IMAGE = 0;

  private static final long START = 0x1000;

  /** In the image: what users run. The page of 4 KiB at it, or of 64 KiB around it, is mapped. */
  static final long OWN_CODE = 0x2000;

  private static final long OWN_TABLES = 0x10_0000;
  static final long MAILBOX = 0x30_0000;
  private static final long OWN_VA_WORD = MAILBOX + 16;

  /** MSR: 64 bits (SF), hypervisor (HV), machine checks taken (ME). */
  private static final long MSR = 1L << 63 | 1L << 60 | 1L << 12;

  /** MSR: instructions and data are translated. */
  private static final long IR_DR = 1L << 5 | 1L << 4;

  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private Ppc64Ram() {}

  static QemuSpec spec(String machine, String cpu) {
    return new QemuSpec(
        "qemu-system-ppc64",
        machine,
        cpu,
        0,
        2L << 30,
        ByteOrder.BIG_ENDIAN,
        // what takes the power away when the guest has waited long enough
        List.of("-device", "ipmi-bmc-sim,id=bmc", "-device", "isa-ipmi-bt,bmc=bmc,irq=10"));
  }

  static PhysRange tables() {
    return new PhysRange(16L << 20, 256L << 20);
  }

  static PhysRange data() {
    return new PhysRange(256L << 20, 2L << 30);
  }

  /** 64 KiB for a table of the guest's own, by number. */
  static long ownTable(int number) {
    return OWN_TABLES + number * 0x1_0000L;
  }

  static void store(PhysicalMemory memory, long physAddr, long word) {
    memory.slice(physAddr, Long.BYTES).set(WORD, 0, word);
  }

  /**
   * Loads the guest over the firmware and lets it run.
   *
   * @param ownVa where tables under test map the image's code for users
   */
  static CoProcessor boot(QemuMachine machine, QemuSpec spec, long ownVa) {
    PhysicalMemory memory = machine.memory();
    machine.load("ppc64.bin", IMAGE);
    memory.slice(MAILBOX, OWN_VA_WORD - MAILBOX).fill((byte) 0);
    store(memory, OWN_VA_WORD, ownVa);
    machine.setRegister("msr", MSR);
    machine.setRegister("pc", IMAGE + START);
    machine.run();
    return new CoProcessor(machine, spec, MAILBOX, "pc");
  }

  /** Stops the guest and makes its CPU translate, as the kernel. */
  static void look(QemuMachine machine) {
    machine.stop();
    machine.setRegister("msr", MSR | IR_DR);
  }

  /** {@code lis r4, high; ori r4, r4, low; sc}. */
  static byte[] code(int number) {
    return ByteBuffer.allocate(12)
        .putInt(0x3c80_0000 | number >>> 16)
        .putInt(0x6084_0000 | (number & 0xffff))
        .putInt(0x4400_0002)
        .array();
  }
}
