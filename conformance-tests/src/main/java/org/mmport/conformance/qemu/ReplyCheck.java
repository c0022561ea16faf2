package org.mmport.conformance.qemu;

import org.mmport.conformance.qemu.AccessResult.Fault;

/** Holds replies of a guest against results of a model. */
record ReplyCheck(Guest guest, Oddities oddities, DataFrames frames) {

  /** Whether the reply is the one to the result, or an oddity of QEMU that is listed. */
  boolean agrees(Probe probe, AccessResult result, CpuState cpu, GuestReply reply) {
    if (reply.equals(expected(probe, result, cpu))) {
      return true;
    }
    return guest
        .oddReply(probe, result, cpu, value(result), reply)
        .filter(oddities::meets)
        .isPresent();
  }

  /** The same where nobody knows at which level a fault must arise. */
  boolean agreesButLevel(Probe probe, AccessResult result, CpuState cpu, GuestReply reply) {
    GuestReply expected = expected(probe, result, cpu);
    return guest.withoutLevel(reply).equals(guest.withoutLevel(expected))
        || agrees(probe, result, cpu, reply);
  }

  void require(Probe probe, AccessResult result, CpuState cpu, GuestReply reply) {
    if (!agrees(probe, result, cpu, reply)) {
      throw differs(probe, result, cpu, reply, "");
    }
  }

  /** What is said of a reply that is wrong; {@code when} is empty or a few words. */
  HardwareDiffers differs(
      Probe probe, AccessResult result, CpuState cpu, GuestReply reply, String when) {
    String why =
        result instanceof Fault fault ? " (" + fault.cause().words() + ")" : " " + cpu.words();
    return new HardwareDiffers(
        probe.va(),
        result.level(),
        result.raw(),
        probe.access().words() + when + ": " + guest.words(expected(probe, result, cpu)) + why,
        guest.words(reply));
  }

  private GuestReply expected(Probe probe, AccessResult result, CpuState cpu) {
    return guest.reply(result, probe.access(), cpu, probe.va(), value(result));
  }

  private int value(AccessResult result) {
    return frames.name(result.physAddr());
  }
}
