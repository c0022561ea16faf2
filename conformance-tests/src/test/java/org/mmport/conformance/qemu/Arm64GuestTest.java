package org.mmport.conformance.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.mmport.conformance.qemu.AccessResult.Done;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.Level;

/**
 * QEMU under descriptors made by hand, against the manual: that guest, states of the CPU and fault
 * codes are right is known before any port is judged by them. Only where QEMU is installed.
 */
class Arm64GuestTest {
  private static final long SEED = 0x5eed_a64L;
  private static final int BATCHES = 32;
  private static final int PROBES = 700;

  @ParameterizedTest
  @EnumSource(Arm64Regime.class)
  void accessesEndAsTheManualSays(Arm64Regime regime) {
    Guest guest = new Arm64Guest(regime);
    Assumptions.assumeTrue(guest.spec().find().isPresent(), "QEMU not found");
    Random random = new Random(SEED + regime.ordinal());
    try (QemuMachine machine = QemuMachine.start(guest.spec());
        PhysicalMemory model = PhysicalMemory.ofSize(guest.tables().end())) {
      CoProcessor coProcessor = guest.boot(machine);
      List<CpuState> states = guest.states();
      int done = 0;
      for (int i = 0; i < BATCHES; i++) {
        Arm64State state = (Arm64State) states.get(i % states.size());
        done += batch(guest, regime, state, machine, model, coProcessor, random);
      }
      assertTrue(done > BATCHES * PROBES / 10, done + " accesses succeeded, seed " + SEED);
    }
  }

  @ParameterizedTest
  @EnumSource(Arm64Regime.class)
  void theMonitorTranslatesAsTheManualSays(Arm64Regime regime) {
    Guest guest = new Arm64Guest(regime);
    Assumptions.assumeTrue(guest.spec().find().isPresent(), "QEMU not found");
    Random random = new Random(SEED - regime.ordinal());
    long last = (1L << regime.paBits()) - 1;
    try (QemuMachine machine = QemuMachine.start(guest.spec())) {
      for (int forest = 0; forest < 2; forest++) {
        Arm64RawTables tables =
            new Arm64RawTables(
                guest, machine.memory(), regime, span -> random.nextLong() & last & -span, random);
        guest.look(machine, tables.roots());
        // The monitor does not look at AF, whoever sets it.
        Arm64State state = new Arm64State(regime, true, true, false, false, false);
        Arm64Walker walker = new Arm64Walker(machine.memory(), regime, tables.roots(), state);
        for (long va : tables.addresses()) {
          AccessResult result = walker.look(va, Access.KERNEL_READ);
          OptionalLong expected =
              result instanceof Done done ? OptionalLong.of(done.physAddr()) : OptionalLong.empty();
          assertEquals(
              expected,
              machine.translate(va),
              "%s 0x%x %s raw=0x%x, seed %d"
                  .formatted(regime, va, result.level(), result.raw(), SEED));
        }
        assertEquals(OptionalLong.empty(), machine.translate(1L << 62));
      }
    }
  }

  private static int batch(
      Guest guest,
      Arm64Regime regime,
      Arm64State state,
      QemuMachine machine,
      PhysicalMemory model,
      CoProcessor coProcessor,
      Random random) {
    PhysicalMemory memory = machine.memory();
    DataFrames frames = new DataFrames(memory, guest, random);
    Arm64RawTables tables = new Arm64RawTables(guest, memory, regime, frames::leafAddr, random);
    PhysRange used = tables.used();
    long size = used.end() - used.first();
    MemorySegment.copy(
        memory.slice(used.first(), size), 0, model.slice(used.first(), size), 0, size);
    Arm64Walker walker = new Arm64Walker(model, regime, tables.roots(), state);
    List<GuestOp> operations =
        new ArrayList<>(List.of(guest.use(tables.roots()), state.operation(), GuestOp.flushAll()));
    int preparations = operations.size();
    List<Probe> probes = new ArrayList<>();
    List<AccessResult> results = new ArrayList<>();
    int done = 0;
    for (int i = 0; i < PROBES; i++) {
      Access access = Access.values()[random.nextInt(Access.values().length)];
      List<Long> addresses = tables.addresses();
      long va =
          random.nextInt(50) == 0
              ? random.nextLong()
              : addresses.get(random.nextInt(addresses.size()));
      va = frames.address(va, access);
      if (guest.isOwn(va) || !frames.permits(walker.look(va, access))) {
        continue;
      }
      AccessResult result = walker.access(va, access);
      frames.mark(result);
      done += result instanceof Done ? 1 : 0;
      Probe probe = new Probe(access, va, random.nextInt());
      probes.add(probe);
      results.add(result);
      operations.add(probe.operation(state));
    }
    List<GuestReply> replies = coProcessor.run(operations);
    for (int i = 0; i < probes.size(); i++) {
      Probe probe = probes.get(i);
      AccessResult result = results.get(i);
      int value = frames.name(result.physAddr());
      GuestReply expected = guest.reply(result, probe.access(), state, probe.va(), value);
      GuestReply found = replies.get(preparations + i);
      String what =
          "%s %s at 0x%x %s raw=0x%x %s, seed %d: expected %s, found %s"
              .formatted(
                  regime,
                  probe.access().words(),
                  probe.va(),
                  result.level(),
                  result.raw(),
                  state.words(),
                  SEED,
                  guest.words(expected),
                  guest.words(found));
      if (guest.oddReply(probe, result, state, value, found).isEmpty()) {
        assertEquals(expected, found, what);
      }
    }
    long at = used.first();
    while (at < used.end()) {
      MemorySegment ours = model.slice(at, used.end() - at);
      long mismatch = ours.mismatch(memory.slice(at, used.end() - at));
      if (mismatch < 0) {
        break;
      }
      at = at + mismatch & -8L;
      long expected = model.slice(at, 8).get(ValueLayout.JAVA_LONG, 0);
      long found = memory.slice(at, 8).get(ValueLayout.JAVA_LONG, 0);
      if (guest.oddMark(expected, found, Level.PTE).isEmpty()) {
        assertEquals(
            Long.toHexString(expected),
            Long.toHexString(found),
            "the descriptor at 0x%x, %s, seed %d".formatted(at, state.words(), SEED));
      }
      at += 8;
    }
    return done;
  }
}
