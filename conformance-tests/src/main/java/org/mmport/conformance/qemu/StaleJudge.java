package org.mmport.conformance.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.mmport.pgtable.FlushRequest;
import org.mmport.spi.FlushScope;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.PagingGeometry;
import org.mmport.spi.PteFormat;
import org.mmport.spi.TlbDuty;

/**
 * Entries of every level changed while the TLB holds what is below them. Until the flush that the
 * port's rules ask for, an access may end as before or as after the change; then only as after it.
 */
final class StaleJudge {
  private static final int FORESTS = 6;
  private static final int CHANGES = 500;
  private static final int PROBES = 8;

  private final MmuVariant variant;
  private final PagingGeometry geometry;
  private final PteFormat format;
  private final Guest guest;
  private final QemuMachine machine;
  private final Oddities oddities;

  StaleJudge(MmuVariant variant, Guest guest, QemuMachine machine, Oddities oddities) {
    this.variant = variant;
    this.geometry = variant.geometry();
    this.format = variant.format();
    this.guest = guest;
    this.machine = machine;
    this.oddities = oddities;
  }

  void judge(Random random) {
    CoProcessor coProcessor = guest.boot(machine);
    CpuState cpu = guest.states().getFirst();
    DataFrames frames = new DataFrames(machine.memory(), guest, random);
    for (int i = 0; i < FORESTS; i++) {
      RawEntries entries = new RawEntries(machine.memory(), variant);
      RandomTables tables =
          new RandomTables(
              entries,
              variant,
              random,
              guest.tables(),
              level -> frames.leafAddr(geometry.spanBytes(level)),
              guest::isOwn,
              guest::fixedTableBits);
      guest.hook(machine.memory(), tables.roots());
      coProcessor.run(List.of(guest.use(tables.roots()), cpu.operation(), GuestOp.flushAll()));
      Round round = new Round(coProcessor, cpu, frames, entries, tables, random);
      for (int change = 0; change < CHANGES; change++) {
        round.change();
      }
    }
  }

  /** Changes in one set of tables. */
  private final class Round {
    private final CoProcessor coProcessor;
    private final CpuState cpu;
    private final DataFrames frames;
    private final RawEntries entries;
    private final RandomTables tables;
    private final Random random;
    private final HardwareWalker walker;
    private final ReplyCheck check;

    Round(
        CoProcessor coProcessor,
        CpuState cpu,
        DataFrames frames,
        RawEntries entries,
        RandomTables tables,
        Random random) {
      this.coProcessor = coProcessor;
      this.cpu = cpu;
      this.frames = frames;
      this.entries = entries;
      this.tables = tables;
      this.random = random;
      walker = HardwareWalker.looking(entries, variant, tables.roots());
      check = new ReplyCheck(guest, oddities, frames);
    }

    void change() {
      // Tables may have come to be reachable by two ways, of which a change flushes one.
      coProcessor.run(List.of(GuestOp.flushAll()));
      RandomTables.Slot slot = tables.slots().get(random.nextInt(tables.slots().size()));
      List<Probe> probes = permitted(probesUnder(slot));
      require(probes, predict(probes), run(probes), "");

      long oldRaw = entries.load(slot.entryAddr());
      long newRaw = changed(slot, oldRaw);
      TlbDuty duty = variant.tlbRules().duty(oldRaw, newRaw, slot.level());
      String what = " after 0x%x became 0x%x at %s".formatted(oldRaw, newRaw, slot.level());
      entries.store(slot.entryAddr(), newRaw);
      probes = permitted(probes);
      List<AccessResult> after = predict(probes);
      entries.store(slot.entryAddr(), oldRaw);
      List<AccessResult> before = predict(probes);
      if (duty.breakBeforeMake()) {
        entries.store(slot.entryAddr(), format.empty(slot.level()));
        flush(slot, oldRaw, duty);
      }
      entries.store(slot.entryAddr(), newRaw);
      if (!duty.isNone()) {
        allowEither(probes, before, after, run(probes), what + ", not flushed");
        flush(slot, oldRaw, duty);
      }
      String flushed = what + " and " + duty.scope();
      List<GuestReply> replies = run(probes);
      for (int i = 0; i < probes.size(); i++) {
        Probe probe = probes.get(i);
        GuestReply reply = replies.get(i);
        if (!check.agrees(probe, after.get(i), cpu, reply)
            && check.agrees(probe, before.get(i), cpu, reply)
            && isOdd(probe, slot, duty)) {
          coProcessor.run(List.of(guest.forget(probe.va())));
          reply = run(List.of(probe)).getFirst();
        }
        requireOne(probe, after.get(i), reply, flushed);
      }
    }

    /** QEMU may forget less of a leaf than the manual says; the probe's own address helps. */
    private boolean isOdd(Probe probe, RandomTables.Slot slot, TlbDuty duty) {
      return guest.oddStale(probe, slot.level(), duty.scope()).filter(oddities::meets).isPresent();
    }

    /** Those that reach nothing but data. */
    private List<Probe> permitted(List<Probe> probes) {
      return probes.stream()
          .filter(probe -> frames.permits(walker.access(probe.va(), probe.access(), cpu)))
          .toList();
    }

    /** Accesses to what an entry spans, where there is anything. */
    private List<Probe> probesUnder(RandomTables.Slot slot) {
      List<Long> addresses = new ArrayList<>(List.of(tables.addressIn(slot)));
      long span = geometry.spanBytes(slot.level());
      for (RandomTables.Slot other : tables.slots()) {
        if (!other.table() && Long.compareUnsigned(other.va() - slot.va(), span) < 0) {
          addresses.add(tables.addressIn(other));
        }
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

    /** Another value: other marks, other rights, another place, another kind, or nothing. */
    private long changed(RandomTables.Slot slot, long raw) {
      Level level = slot.level();
      boolean leaf = format.valid(raw, level) && format.leaf(raw, level);
      return switch (random.nextInt(7)) {
        case 0 -> format.empty(level);
        case 1 -> leaf ? format.mkClean(format.mkOld(raw, level), level) : other(slot);
        case 2 -> leaf ? format.wrProtect(raw, level) : other(slot);
        case 3 -> leaf ? format.mkWrite(raw, level) : other(slot);
        case 4 -> leaf ? format.mkDirty(format.mkYoung(raw, level), level) : other(slot);
        case 5 ->
            leaf
                ? format.withPhysAddr(raw, frames.leafAddr(geometry.spanBytes(level)), level)
                : other(slot);
        default -> other(slot);
      };
    }

    private long other(RandomTables.Slot slot) {
      Level level = slot.level();
      if (!slot.table()) {
        return tables.leafOrHole(level);
      }
      List<RandomTables.Slot> peers =
          tables.slots().stream().filter(s -> s.table() && s.level() == level).toList();
      long peer = peers.get(random.nextInt(peers.size())).child();
      return tables.table(level, random.nextBoolean() ? slot.child() : peer);
    }

    private void flush(RandomTables.Slot slot, long oldRaw, TlbDuty duty) {
      coProcessor.run(flushes(slot, oldRaw, duty));
    }

    /** One leaf is one translation, so one address of it is enough; a table holds many. */
    private List<GuestOp> flushes(RandomTables.Slot slot, long oldRaw, TlbDuty duty) {
      long last = slot.va() + geometry.spanBytes(slot.level()) - 1;
      if (duty.scope() == FlushScope.LEAF) {
        boolean global = format.global(oldRaw, slot.level());
        long va = tables.addressIn(slot);
        return guest.flush(new FlushRequest(va, va, duty, global), tables.roots());
      }
      return guest.flush(new FlushRequest(slot.va(), last, duty, true), tables.roots());
    }

    private List<AccessResult> predict(List<Probe> probes) {
      List<AccessResult> results = new ArrayList<>();
      for (Probe probe : probes) {
        AccessResult result = walker.access(probe.va(), probe.access(), cpu);
        frames.mark(result);
        results.add(result);
      }
      return results;
    }

    private List<GuestReply> run(List<Probe> probes) {
      List<GuestReply> replies =
          coProcessor.run(probes.stream().map(probe -> probe.operation(cpu)).toList());
      guest.tidy(machine.memory(), tables.roots()).ifPresent(oddities::requireKnown);
      return replies;
    }

    private void require(
        List<Probe> probes, List<AccessResult> results, List<GuestReply> replies, String when) {
      for (int i = 0; i < probes.size(); i++) {
        requireOne(probes.get(i), results.get(i), replies.get(i), when);
      }
    }

    private void requireOne(Probe probe, AccessResult result, GuestReply reply, String when) {
      if (!check.agrees(probe, result, cpu, reply)) {
        throw check.differs(probe, result, cpu, reply, when);
      }
    }

    private void allowEither(
        List<Probe> probes,
        List<AccessResult> before,
        List<AccessResult> after,
        List<GuestReply> replies,
        String when) {
      for (int i = 0; i < probes.size(); i++) {
        Probe probe = probes.get(i);
        GuestReply reply = replies.get(i);
        if (!check.agrees(probe, before.get(i), cpu, reply)
            && !check.agrees(probe, after.get(i), cpu, reply)) {
          throw check.differs(probe, before.get(i), cpu, reply, when);
        }
      }
    }
  }
}
