package org.mmport.conformance.qemu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import org.mmport.machine.PhysicalMemory;
import org.mmport.pgtable.HashSlot;
import org.mmport.pgtable.HashWalk;
import org.mmport.pgtable.HashedPageTable;
import org.mmport.spi.HashEntry;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Rights;

/** Translations and accesses through random segments and a random hash table. */
final class HashAccessJudge {
  private static final int FORESTS = 4;
  private static final int QUESTIONS = 1000;
  private static final long OPERATIONS = 100_000 / Ppc64HashCpu.values().length;
  private static final int PROBES = 3000;

  private final MmuVariant variant;
  private final Ppc64HashGuest guest;
  private final QemuMachine machine;
  private final Oddities oddities;

  HashAccessJudge(
      MmuVariant variant, Ppc64HashGuest guest, QemuMachine machine, Oddities oddities) {
    this.variant = variant;
    this.guest = guest;
    this.machine = machine;
    this.oddities = oddities;
  }

  /** Asks the monitor, which answers where the kernel may read or run. */
  void ask(Random random) {
    long last = (1L << variant.geometry().paBits()) - 1;
    for (int i = 0; i < FORESTS; i++) {
      CoProcessor coProcessor = guest.boot(machine);
      HashForest forest =
          new HashForest(
              variant,
              guest,
              machine.memory(),
              random,
              bytes -> random.nextLong() & Math.min(last, (1L << 50) - 1) & -bytes);
      coProcessor.run(forest.load());
      coProcessor.run(List.of(GuestOp.flushAll()));
      Ppc64Ram.look(machine);
      HashedPageTable table = HashedPageTable.over(machine.memory(), forest.place());
      List<Long> addresses = new ArrayList<>(forest.addresses());
      while (addresses.size() < QUESTIONS) {
        addresses.add(forest.anyAddress());
      }
      for (long va : addresses) {
        if (!guest.isOwn(va)) {
          compare(table.walk(forest.segments(), va), machine.translate(va));
        }
      }
    }
  }

  private static void compare(HashWalk walk, OptionalLong found) {
    boolean readable =
        walk instanceof HashWalk.Mapped mapped
            && (mapped.rights() & (Rights.KERNEL_READ | Rights.KERNEL_EXEC)) != 0;
    OptionalLong expected =
        readable && walk instanceof HashWalk.Mapped mapped
            ? OptionalLong.of(mapped.physAddr())
            : OptionalLong.empty();
    if (!expected.equals(found)) {
      throw new HardwareDiffers(walk.va(), Level.PTE, data(walk), words(expected), words(found));
    }
  }

  private static String words(OptionalLong physAddr) {
    return physAddr.isEmpty() ? "a fault" : "0x%x".formatted(physAddr.getAsLong());
  }

  private static long data(HashWalk walk) {
    return walk instanceof HashWalk.Mapped mapped ? mapped.slot().entry().data() : 0;
  }

  /** Holds how accesses end, and where, against the model. */
  void outcomes(Random random) {
    judge(random, this::checkReplies);
  }

  /** Holds the hash table afterwards against the model's, and against how the port reads it. */
  void marks(Random random) {
    judge(random, this::checkMarks);
  }

  private record Step(Probe probe, HashWalk walk, boolean done) {}

  private record Batch(
      List<Step> steps,
      List<GuestReply> replies,
      Ppc64Keys keys,
      PhysicalMemory model,
      HashForest forest,
      DataFrames frames) {}

  private interface Check {
    void on(Batch batch);
  }

  private void judge(Random random, Check check) {
    CoProcessor coProcessor = guest.boot(machine);
    DataFrames frames =
        new DataFrames(
            machine.memory(),
            Ppc64Ram.data(),
            guest.cpu().spec().byteOrder(),
            Ppc64Ram::code,
            random);
    PhysRange range = Ppc64HashGuest.TABLE;
    long size = range.end() - range.first();
    try (PhysicalMemory model = PhysicalMemory.ofSize(range.end())) {
      for (int i = 0; coProcessor.operations() < OPERATIONS; i++) {
        HashForest forest =
            new HashForest(variant, guest, machine.memory(), random, frames::leafAddr);
        MemorySegment.copy(
            machine.memory().slice(range.first(), size),
            0,
            model.slice(range.first(), size),
            0,
            size);
        Ppc64Keys keys = i % 3 == 0 ? Ppc64Keys.OPEN : Ppc64Keys.random(random);
        check.on(batch(forest, keys, frames, coProcessor, model, random));
      }
    }
  }

  private Batch batch(
      HashForest forest,
      Ppc64Keys keys,
      DataFrames frames,
      CoProcessor coProcessor,
      PhysicalMemory model,
      Random random) {
    HashedPageTable table = HashedPageTable.over(model, forest.place());
    List<GuestOp> operations = new ArrayList<>(forest.load());
    operations.add(guest.controls(keys));
    operations.add(GuestOp.flushAll());
    int preparations = operations.size();
    List<Step> steps = new ArrayList<>();
    for (Probe probe : probes(forest, frames, random)) {
      HashWalk walk = table.walk(forest.segments(), probe.va());
      long physAddr = physAddr(walk);
      if (physAddr != AccessResult.NOWHERE && !Ppc64Ram.data().contains(physAddr)) {
        continue;
      }
      boolean done = Ppc64HashGuest.permits(walk, probe.access(), keys);
      if (done && walk instanceof HashWalk.Mapped mapped) {
        mark(model, mapped.slot(), probe.access());
      }
      frames.mark(physAddr);
      steps.add(new Step(probe, walk, done));
      operations.add(GuestOp.access(probe.access(), probe.va(), probe.value(), 0));
    }
    List<GuestReply> replies = coProcessor.run(operations);
    return new Batch(
        steps, replies.subList(preparations, replies.size()), keys, model, forest, frames);
  }

  /** Section "Reference and Change Recording". */
  private static void mark(PhysicalMemory model, HashSlot slot, Access access) {
    long marks = Ppc64HashGuest.R | (access.writes() ? Ppc64HashGuest.C : 0);
    Ppc64Ram.store(model, Ppc64HashGuest.entryAddr(slot.index()) + 8, slot.entry().data() | marks);
  }

  private static long physAddr(HashWalk walk) {
    return walk instanceof HashWalk.Mapped mapped ? mapped.physAddr() : AccessResult.NOWHERE;
  }

  private List<Probe> probes(HashForest forest, DataFrames frames, Random random) {
    List<Long> addresses = new ArrayList<>(forest.addresses());
    for (int i = 0; i < 60; i++) {
      addresses.add(forest.anyAddress());
    }
    List<Probe> probes = new ArrayList<>();
    for (int i = 0; i < PROBES; i++) {
      long va = addresses.get(random.nextInt(addresses.size()));
      Access access = Access.values()[random.nextInt(Access.values().length)];
      if (!guest.isOwn(va)) {
        probes.add(new Probe(access, frames.address(va, access), random.nextInt()));
      }
    }
    return probes;
  }

  private void checkReplies(Batch batch) {
    for (int i = 0; i < batch.steps.size(); i++) {
      Step step = batch.steps.get(i);
      int value = batch.frames.name(physAddr(step.walk));
      GuestReply expected = Ppc64HashGuest.reply(step.walk, step.probe.access(), batch.keys, value);
      GuestReply found = batch.replies.get(i);
      if (!found.equals(expected) && !isOdd(step, batch.keys, value, found)) {
        throw new HardwareDiffers(
            step.probe.va(),
            Level.PTE,
            data(step.walk),
            "%s: %s %s"
                .formatted(
                    step.probe.access().words(),
                    Ppc64Interrupt.words(expected),
                    batch.keys.words()),
            Ppc64Interrupt.words(found));
      }
    }
  }

  /**
   * QEMU looks whether a segment is one to run nothing from when it first fetches from a page, but
   * not if it has read that.
   */
  private boolean isOdd(Step step, Ppc64Keys keys, int value, GuestReply found) {
    Access access = step.probe.access();
    return access.fetches()
        && step.walk instanceof HashWalk.Mapped mapped
        && found.equals(Ppc64Interrupt.success(access, value))
        && Ppc64HashGuest.permitsBut(mapped, access, keys)
        && oddities.meets("ppc64-segment-runs-once-read");
  }

  private void checkMarks(Batch batch) {
    HashedPageTable real = HashedPageTable.over(machine.memory(), batch.forest.place());
    HashedPageTable model = HashedPageTable.over(batch.model, batch.forest.place());
    for (Step step : batch.steps) {
      if (step.done) {
        HashEntry found = entry(real, batch, step.probe.va());
        HashEntry expected = entry(model, batch, step.probe.va());
        HardwareDiffers differs =
            new HardwareDiffers(
                step.probe.va(),
                Level.PTE,
                found.data(),
                "young, and dirty if written, as the marks of 0x%x are, after %s"
                    .formatted(expected.data(), step.probe.access().words()),
                "0x%x".formatted(found.data()));
        boolean young = batch.forest.place().mmu().young(found);
        boolean dirty = batch.forest.place().mmu().dirty(found);
        if (!found.equals(expected) || !young || (step.probe.access().writes() && !dirty)) {
          throw differs;
        }
      }
    }
    PhysRange range = Ppc64HashGuest.TABLE;
    long size = range.end() - range.first();
    long mismatch =
        batch
            .model
            .slice(range.first(), size)
            .mismatch(machine.memory().slice(range.first(), size));
    if (mismatch >= 0) {
      throw new HardwareDiffers(
          "no entry of the hash table to change but for marks",
          "the one at 0x%x changed".formatted(range.first() + (mismatch & -16)));
    }
  }

  private static HashEntry entry(HashedPageTable table, Batch batch, long va) {
    return batch.forest.slot(table, va).map(HashSlot::entry).orElse(HashEntry.EMPTY);
  }
}
