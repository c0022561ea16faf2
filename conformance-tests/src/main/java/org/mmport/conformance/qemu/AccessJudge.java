package org.mmport.conformance.qemu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.mmport.conformance.qemu.AccessResult.Done;
import org.mmport.conformance.qemu.AccessResult.Fault;
import org.mmport.conformance.qemu.AccessResult.FaultCause;
import org.mmport.machine.PhysicalMemory;
import org.mmport.spi.Level;
import org.mmport.spi.MmuFeature;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PteFormat;

/**
 * Real reads, writes and fetches under random tables, in every state of the CPU. A model does the
 * same on a copy of the tables, by {@link HardwareWalker}.
 */
final class AccessJudge {
  private static final long OPERATIONS = 100_000;
  private static final int MOST_BATCHES = 100;
  private static final int PROBES = 3000;

  private final MmuVariant variant;
  private final Guest guest;
  private final QemuMachine machine;
  private final Oddities oddities;

  AccessJudge(MmuVariant variant, Guest guest, QemuMachine machine, Oddities oddities) {
    this.variant = variant;
    this.guest = guest;
    this.machine = machine;
    this.oddities = oddities;
  }

  /** Holds how accesses end against the model. */
  void outcomes(Random random) {
    judge(random, this::checkReplies);
  }

  /** Holds the tables afterwards against the model's, and against how the port reads them. */
  void marks(Random random) {
    Set<MmuFeature> seen = EnumSet.noneOf(MmuFeature.class);
    judge(
        random,
        batch -> {
          checkMarks(batch);
          if (batch.cpu.equals(guest.states().getFirst())) {
            seen.addAll(checkFeatures(batch));
          }
        });
    for (MmuFeature feature : List.of(MmuFeature.HW_ACCESSED, MmuFeature.HW_DIRTY)) {
      if (variant.has(feature) && !seen.contains(feature)) {
        throw new HardwareDiffers(feature + " present", "no marks of hardware");
      }
    }
  }

  /** Holds what the variant says that hardware does against what it did; gives the latter. */
  private Set<MmuFeature> checkFeatures(Batch batch) {
    for (int i = 0; i < batch.results.size(); i++) {
      boolean old =
          batch.results.get(i) instanceof Fault fault && fault.cause() == FaultCause.ACCESS_FLAG;
      if (old && variant.has(MmuFeature.HW_ACCESSED)) {
        throw new HardwareDiffers(
            batch.probes.get(i).va(),
            batch.results.get(i).level(),
            batch.results.get(i).raw(),
            "young after an access: HW_ACCESSED present",
            "a fault");
      }
    }
    Set<MmuFeature> seen = EnumSet.noneOf(MmuFeature.class);
    for (Change change : batch.prediction.changes) {
      for (MmuFeature feature : features(change)) {
        if (!variant.has(feature)) {
          throw new HardwareDiffers(
              change.va,
              change.level,
              change.oldRaw,
              "no mark of hardware: " + feature + " absent",
              "0x%x".formatted(change.newRaw));
        }
        seen.add(feature);
      }
    }
    return seen;
  }

  /** What hardware must have to change a leaf so. */
  private Set<MmuFeature> features(Change change) {
    PteFormat format = variant.format();
    Set<MmuFeature> features = EnumSet.noneOf(MmuFeature.class);
    if (!format.leaf(change.oldRaw, change.level)) {
      return features;
    }
    if (!format.young(change.oldRaw, change.level) && format.young(change.newRaw, change.level)) {
      features.add(MmuFeature.HW_ACCESSED);
    }
    if (!format.dirty(change.oldRaw, change.level) && format.dirty(change.newRaw, change.level)) {
      features.add(MmuFeature.HW_DIRTY);
    }
    return features;
  }

  /** A batch, done by both. */
  private record Batch(
      RandomTables tables,
      CpuState cpu,
      List<Probe> probes,
      List<GuestReply> replies,
      List<AccessResult> results,
      Prediction prediction,
      RawEntries modelEntries,
      DataFrames frames) {}

  private interface Check {
    void on(Batch batch);
  }

  private void judge(Random random, Check check) {
    CoProcessor coProcessor = guest.boot(machine);
    DataFrames frames = new DataFrames(machine.memory(), guest, random);
    List<CpuState> states = new ArrayList<>(guest.states());
    PhysRange range = guest.tables();
    try (PhysicalMemory model = PhysicalMemory.ofSize(range.end())) {
      for (int i = 0; i < states.size() || coProcessor.operations() < OPERATIONS; i++) {
        if (i > MOST_BATCHES) {
          throw new HardwareDiffers(
              "addresses enough for " + OPERATIONS + " operations",
              coProcessor.operations() + " operations");
        }
        RandomTables tables =
            new RandomTables(
                new RawEntries(machine.memory(), variant),
                variant,
                random,
                range,
                level -> frames.leafAddr(variant.geometry().spanBytes(level)),
                guest::isOwn,
                guest::fixedTableBits);
        guest.hook(machine.memory(), tables.roots());
        copy(machine.memory(), model, tables.used());
        CpuState cpu = states.get(i % states.size());
        check.on(batch(tables, cpu, frames, coProcessor, model, random));
      }
    }
  }

  private Batch batch(
      RandomTables tables,
      CpuState cpu,
      DataFrames frames,
      CoProcessor coProcessor,
      PhysicalMemory model,
      Random random) {
    RawEntries modelEntries = new RawEntries(model, variant);
    Prediction prediction = new Prediction();
    HardwareWalker walker =
        HardwareWalker.marking(modelEntries, variant, tables.roots(), prediction);
    List<Probe> probes = new ArrayList<>();
    List<GuestOp> operations =
        new ArrayList<>(List.of(guest.use(tables.roots()), cpu.operation(), GuestOp.flushAll()));
    int preparations = operations.size();
    List<AccessResult> results = new ArrayList<>();
    HardwareWalker looker = HardwareWalker.looking(modelEntries, variant, tables.roots());
    for (Probe probe : probes(tables, frames, random)) {
      if (!frames.permits(looker.access(probe.va(), probe.access(), cpu))) {
        continue;
      }
      probes.add(probe);
      prediction.va = probe.va();
      AccessResult result = walker.access(probe.va(), probe.access(), cpu);
      frames.mark(result);
      results.add(result);
      operations.add(probe.operation(cpu));
    }
    List<GuestReply> replies = coProcessor.run(operations);
    return new Batch(
        tables,
        cpu,
        probes,
        replies.subList(preparations, replies.size()),
        results,
        prediction,
        modelEntries,
        frames);
  }

  /** Few enough addresses that most are met again, with entries cached and marked. */
  private List<Probe> probes(RandomTables tables, DataFrames frames, Random random) {
    List<Long> addresses = new ArrayList<>();
    for (RandomTables.Slot slot : tables.slots()) {
      if (!slot.table()) {
        addresses.add(tables.addressIn(slot));
        addresses.add(tables.addressIn(slot));
      }
    }
    for (int i = 0; i < 8; i++) {
      addresses.add(guest.anyAddress(random));
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
    ReplyCheck check = new ReplyCheck(guest, oddities, batch.frames);
    Map<Long, Integer> written = new HashMap<>();
    for (int i = 0; i < batch.probes.size(); i++) {
      Probe probe = batch.probes.get(i);
      AccessResult result = batch.results.get(i);
      check.require(probe, result, batch.cpu, batch.replies.get(i));
      if (result instanceof Done done && probe.access().writes()) {
        written.put(done.physAddr(), i);
      }
    }
    written.forEach(
        (physAddr, i) -> {
          Probe probe = batch.probes.get(i);
          int found = batch.frames.load(physAddr);
          if (found != probe.value()) {
            AccessResult result = batch.results.get(i);
            throw new HardwareDiffers(
                probe.va(),
                result.level(),
                result.raw(),
                "the write to reach physical 0x%x".formatted(physAddr),
                "0x%x there, not 0x%x".formatted(found, probe.value()));
          }
        });
  }

  private void checkMarks(Batch batch) {
    meetOddReplies(batch);
    RawEntries real = new RawEntries(machine.memory(), variant);
    compareTables(batch, real);
    PteFormat format = variant.format();
    batch.prediction.used.forEach(
        (entryAddr, mark) -> {
          long raw = real.load(entryAddr);
          if (format.leaf(raw, mark.level) && !format.young(raw, mark.level)) {
            throw new HardwareDiffers(mark.va, mark.level, raw, "young after an access", "old");
          }
        });
    batch.prediction.written.forEach(
        (entryAddr, mark) -> {
          long raw = real.load(entryAddr);
          if (!format.dirty(raw, mark.level)) {
            throw new HardwareDiffers(mark.va, mark.level, raw, "dirty after a write", "clean");
          }
        });
  }

  /** A reply against the manual is why a mark is, and there are more of them. */
  private void meetOddReplies(Batch batch) {
    ReplyCheck check = new ReplyCheck(guest, oddities, batch.frames);
    for (int i = 0; i < batch.probes.size(); i++) {
      check.agrees(batch.probes.get(i), batch.results.get(i), batch.cpu, batch.replies.get(i));
    }
  }

  private void compareTables(Batch batch, RawEntries real) {
    PhysRange used = batch.tables.used();
    int step = variant.geometry().entryBytes();
    long at = used.first();
    while (true) {
      MemorySegment ours = batch.modelEntries.memory().slice(at, used.end() - at);
      MemorySegment theirs = machine.memory().slice(at, used.end() - at);
      long mismatch = ours.mismatch(theirs);
      if (mismatch < 0) {
        return;
      }
      long entryAddr = (at + mismatch) & -step;
      long expected = batch.modelEntries.load(entryAddr);
      long found = real.load(entryAddr);
      RandomTables.Slot slot = batch.tables.slotAt(entryAddr);
      Optional<String> odd = guest.oddMark(expected, found, slot.level());
      if (odd.isEmpty() || !oddities.meets(odd.get())) {
        throw new HardwareDiffers(
            slot.va(),
            slot.level(),
            found,
            "the marks of 0x%x after the accesses".formatted(expected),
            "0x%x".formatted(found));
      }
      at = entryAddr + step;
    }
  }

  private static void copy(PhysicalMemory from, PhysicalMemory to, PhysRange range) {
    long size = range.end() - range.first();
    MemorySegment.copy(from.slice(range.first(), size), 0, to.slice(range.first(), size), 0, size);
  }

  private record Mark(long va, Level level) {}

  private record Change(long va, long oldRaw, long newRaw, Level level) {}

  /** The marks of a model, by entry; which access made them. */
  private static final class Prediction implements HardwareWalker.Marks {
    private final Map<Long, Mark> used = new TreeMap<>();
    private final Map<Long, Mark> written = new TreeMap<>();
    private final List<Change> changes = new ArrayList<>();
    private long va;

    @Override
    public void used(long entryAddr, Level level) {
      used.putIfAbsent(entryAddr, new Mark(va, level));
    }

    @Override
    public void written(long entryAddr, Level level) {
      written.putIfAbsent(entryAddr, new Mark(va, level));
    }

    @Override
    public void changed(long oldRaw, long newRaw, Level level) {
      changes.add(new Change(va, oldRaw, newRaw, level));
    }
  }
}
