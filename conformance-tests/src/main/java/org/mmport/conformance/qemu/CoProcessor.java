package org.mmport.conformance.qemu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A guest that does operations on demand: a list is laid into its mailbox in RAM, a knock makes it
 * work through the list, and its replies are read from RAM when it says so.
 */
class CoProcessor {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final long OPERATIONS = 0x1000;
  private static final long REPLIES = 0x80000;
  private static final long MAILBOX_BYTES = 0x100000;
  private static final int CAPACITY = (int) (REPLIES - OPERATIONS) / GuestOp.BYTES;

  private final QemuMachine machine;
  private final String programCounter;
  private final MemorySegment mailbox;
  private final ValueLayout.OfInt narrow;
  private final ValueLayout.OfLong wide;
  private int knocks;
  private long operations;

  /**
   * A guest that is running and waits.
   *
   * @param mailboxAddr physical address of its mailbox
   * @param programCounter name of that register, for what is said of a guest that got lost
   */
  CoProcessor(QemuMachine machine, QemuSpec spec, long mailboxAddr, String programCounter) {
    this.machine = machine;
    this.programCounter = programCounter;
    this.mailbox = machine.memory().slice(mailboxAddr, MAILBOX_BYTES);
    this.narrow = ValueLayout.JAVA_INT.withOrder(spec.byteOrder());
    this.wide = ValueLayout.JAVA_LONG.withOrder(spec.byteOrder());
  }

  /** How many operations were done so far. */
  final long operations() {
    return operations;
  }

  /** Does operations in order; as many replies. */
  List<GuestReply> run(List<GuestOp> list) {
    List<GuestReply> replies = new ArrayList<>(list.size());
    for (int from = 0; from < list.size(); from += CAPACITY) {
      runSome(list.subList(from, Math.min(list.size(), from + CAPACITY)), replies);
    }
    operations += list.size();
    return replies;
  }

  private void runSome(List<GuestOp> list, List<GuestReply> replies) {
    long at = OPERATIONS;
    for (GuestOp operation : list) {
      mailbox.set(wide, at, operation.code());
      mailbox.set(wide, at + 8, operation.first());
      mailbox.set(wide, at + 16, operation.second());
      mailbox.set(wide, at + 24, operation.third());
      at += GuestOp.BYTES;
    }
    mailbox.set(narrow, 8, list.size());
    VarHandle.fullFence();
    mailbox.set(narrow, 0, ++knocks);
    VarHandle.fullFence();
    await(list);
    at = REPLIES;
    for (int i = 0; i < list.size(); i++) {
      replies.add(
          new GuestReply(
              mailbox.get(wide, at),
              mailbox.get(wide, at + 8),
              mailbox.get(wide, at + 16),
              mailbox.get(wide, at + 24)));
      at += GuestOp.BYTES;
    }
  }

  private void await(List<GuestOp> list) {
    long start = System.nanoTime();
    for (int round = 0; mailbox.get(narrow, 4) != knocks; round++) {
      VarHandle.fullFence();
      if (round > 100) {
        LockSupport.parkNanos(20_000);
      } else {
        Thread.onSpinWait();
      }
      if (!machine.isAlive()) {
        throw new HardwareDiffers(
            "%d operations done".formatted(list.size()), "that QEMU ended: a fault in the guest");
      }
      if (System.nanoTime() - start > PATIENCE.toNanos()) {
        machine.stop();
        throw new HardwareDiffers(
            "%d operations done".formatted(list.size()),
            "the guest at 0x%x after %d s, not coming back"
                .formatted(machine.register(programCounter), PATIENCE.toSeconds()));
      }
    }
    VarHandle.fullFence();
  }
}
