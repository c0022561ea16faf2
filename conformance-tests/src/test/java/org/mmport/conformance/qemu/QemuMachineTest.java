package org.mmport.conformance.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Talking to QEMU, and what is said when that goes wrong; only where QEMU is installed. */
class QemuMachineTest {
  private static final QemuSpec SPEC =
      new QemuSpec("qemu-system-x86_64", "q35", "max", 0, 64L << 20, ByteOrder.LITTLE_ENDIAN);

  @BeforeEach
  void needsQemu() {
    Assumptions.assumeTrue(SPEC.find().isPresent(), "QEMU not found");
  }

  @Test
  void memoryAndRegistersAreShared() {
    try (QemuMachine machine = QemuMachine.start(SPEC)) {
      machine.memory().slice(0x123000, 8).set(ValueLayout.JAVA_LONG, 0, 0x1122334455667788L);
      assertTrue(machine.monitor("xp /1gx 0x123000").contains("0x1122334455667788"));
      machine.setRegister("rbx", 0x8877665544332211L);
      assertEquals(0x44332211L, machine.register("rbx") & 0xffff_ffffL);
      assertTrue(machine.version().matches("\\d+\\.\\d+\\.\\d+"), machine.version());
    }
  }

  @Test
  void aProcessThatEndsIsSaidToHaveEnded() {
    QemuSpec wrong =
        new QemuSpec("qemu-system-x86_64", "q35", "vax", 0, 64L << 20, ByteOrder.LITTLE_ENDIAN);
    QemuException thrown = assertThrows(QemuException.class, () -> QemuMachine.start(wrong));
    String message = String.valueOf(thrown.getMessage());
    assertTrue(message.contains("unable to find CPU model 'vax'"), message);
    assertEquals(1, message.lines().count());
  }

  @Test
  void aCommandThatIsMissingIsSaidToBe() {
    QemuSpec missing =
        new QemuSpec("qemu-system-vax", "q35", "max", 0, 64L << 20, ByteOrder.LITTLE_ENDIAN);
    QemuException thrown = assertThrows(QemuException.class, () -> QemuMachine.start(missing));
    assertEquals("qemu-system-vax not found in PATH", thrown.getMessage());
  }

  @Test
  void nobodyStaysBehind() {
    QemuMachine machine = QemuMachine.start(SPEC);
    assertTrue(machine.isAlive());
    machine.close();
    assertFalse(machine.isAlive());
    assertThrows(QemuException.class, () -> machine.monitor("info version"));
  }

  /** The guest's own tables hold it in each mode: an access and a fault there and back. */
  @ParameterizedTest
  @EnumSource(X86Mode.class)
  void guestsAnswer(X86Mode mode) {
    Guest guest = new X86Guest(mode);
    CpuState cpu = guest.states().getFirst();
    try (QemuMachine machine = QemuMachine.start(guest.spec())) {
      CoProcessor coProcessor = guest.boot(machine);
      machine.memory().slice(0x150000, 4).set(ValueLayout.JAVA_INT, 0, 0x12345678);
      long unmapped = 0x4000_0000L;
      List<GuestReply> replies =
          coProcessor.run(
              List.of(
                  cpu.operation(),
                  GuestOp.access(Access.KERNEL_READ, 0x150000, 0, cpu),
                  GuestOp.access(Access.USER_READ, 0x150000, 0, cpu),
                  GuestOp.access(Access.USER_WRITE, unmapped, 1, cpu),
                  GuestOp.access(Access.KERNEL_FETCH, unmapped, 0, cpu)));
      int fetch = 16; // SMEP or NXE is on
      assertEquals(new GuestReply(3, 0, 0, 0x12345678), replies.get(1));
      assertEquals(new GuestReply(14, 5, 0x150000, 0), replies.get(2));
      assertEquals(new GuestReply(14, 6, unmapped, 0), replies.get(3));
      assertEquals(new GuestReply(14, fetch, unmapped, 0), replies.get(4));
    }
  }

  /** EL1 and EL0 find nothing but the guest's own page: an access and a fault there and back. */
  @ParameterizedTest
  @EnumSource(Arm64Regime.class)
  void arm64GuestsAnswer(Arm64Regime regime) {
    Guest guest = new Arm64Guest(regime);
    Assumptions.assumeTrue(guest.spec().find().isPresent(), "QEMU not found");
    CpuState cpu = guest.states().getFirst();
    List<Long> roots = List.of(guest.tables().first(), guest.tables().first() + 0x1_0000);
    try (QemuMachine machine = QemuMachine.start(guest.spec())) {
      CoProcessor coProcessor = guest.boot(machine);
      guest.hook(machine.memory(), roots);
      long own = -0x1_0000L;
      List<GuestReply> replies =
          coProcessor.run(
              List.of(
                  guest.use(roots),
                  cpu.operation(),
                  GuestOp.access(Access.USER_READ, own, 0, cpu),
                  GuestOp.access(Access.KERNEL_READ, own, 0, cpu),
                  GuestOp.access(Access.USER_WRITE, own, 1, cpu),
                  GuestOp.access(Access.KERNEL_FETCH, 1L << 62, 0, cpu)));
      long hvc = 0xd400_0002L;
      assertEquals(new GuestReply(0x15, 0, 0, hvc), replies.get(2));
      assertEquals(new GuestReply(0x25, 0x0f, own, 0), replies.get(3)); // PAN
      assertEquals(new GuestReply(0x24, 0x4f, own, 0), replies.get(4));
      assertEquals(new GuestReply(0x21, 0x04, 1L << 62, 0), replies.get(5));
    }
  }

  /** Users find nothing but the guest's own page, and the kernel not even that. */
  @Test
  void ppc64GuestAnswers() {
    Ppc64RadixGuest guest = new Ppc64RadixGuest("ppc64/radix-64k", 16);
    Assumptions.assumeTrue(guest.spec().find().isPresent(), "QEMU not found");
    CpuState cpu = guest.states().getFirst();
    List<Long> roots = List.of(guest.tables().first(), guest.tables().first() + 0x1_0000);
    try (QemuMachine machine = QemuMachine.start(guest.spec())) {
      CoProcessor coProcessor = guest.boot(machine);
      guest.hook(machine.memory(), roots);
      long own = 0x000f_ff80_0000_2000L;
      long kernel = 0xcL << 60;
      List<GuestReply> replies =
          coProcessor.run(
              List.of(
                  guest.use(roots),
                  cpu.operation(),
                  GuestOp.access(Access.USER_READ, own, 0, cpu),
                  GuestOp.access(Access.KERNEL_FETCH, own, 0, cpu),
                  GuestOp.access(Access.KERNEL_WRITE, kernel, 1, cpu),
                  GuestOp.access(Access.USER_FETCH, 1L << 60, 0, cpu)));
      assertEquals(new GuestReply(0x300, 0x0800_0000, own, 0), replies.get(2)); // execute only
      assertEquals(new GuestReply(0x400, 0x1000_0000, own, 0), replies.get(3)); // KUEP
      assertEquals(new GuestReply(0x300, 0x4200_0000, kernel, 0), replies.get(4));
      assertEquals(new GuestReply(0x480, 0, 1L << 60, 0), replies.get(5));
    }
  }

  /** In its own segment users run the guest's page; all else is in no segment. */
  @ParameterizedTest
  @EnumSource(Ppc64HashCpu.class)
  void ppc64GuestsWithHashTablesAnswer(Ppc64HashCpu cpu) {
    Ppc64HashGuest guest = new Ppc64HashGuest(cpu);
    Assumptions.assumeTrue(cpu.spec().find().isPresent(), "QEMU not found");
    try (QemuMachine machine = QemuMachine.start(cpu.spec())) {
      CoProcessor coProcessor = guest.boot(machine);
      long own = 0x2000_0000_0000_2000L;
      List<GuestReply> replies =
          coProcessor.run(
              List.of(
                  GuestOp.access(Access.USER_READ, own, 0, 0),
                  GuestOp.access(Access.USER_WRITE, own, 1, 0),
                  GuestOp.access(Access.KERNEL_READ, own + 0x1000, 0, 0),
                  GuestOp.access(Access.KERNEL_FETCH, 0, 0, 0)));
      long lwz = 0x8083_0000L;
      assertEquals(new GuestReply(0xc00, 0, 0, lwz), replies.get(0));
      assertEquals(new GuestReply(0x300, 0x0a00_0000, own, 0), replies.get(1));
      assertEquals(new GuestReply(0x300, 0x4000_0000, own + 0x1000, 0), replies.get(2));
      assertEquals(new GuestReply(0x480, 0, 0, 0), replies.get(3));
    }
  }

  /** A guest that gets lost ends the judgement with a line, not the build. */
  @Test
  void aGuestThatDiesIsNoticed() {
    Guest guest = new X86Guest(X86Mode.FOUR_LEVEL);
    try (QemuMachine machine = QemuMachine.start(guest.spec())) {
      CoProcessor coProcessor = guest.boot(machine);
      coProcessor.run(List.of(guest.states().getFirst().operation()));
      HardwareDiffers thrown =
          assertThrows(
              HardwareDiffers.class, () -> coProcessor.run(List.of(GuestOp.loadRoot(0x60_0000))));
      assertTrue(thrown.found().contains("QEMU ended"), thrown.found());
    }
  }
}
