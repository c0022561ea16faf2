package org.mmport.interleave;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.spi.MmuVariant;

/** Forks in each way, and what parents and children do at the same time. */
final class ForkRaces {
  private ForkRaces() {}

  /** After a fork both write the page that they share. */
  static Program parentAgainstChild(MmuVariant variant, ForkStrategy way) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va = Races.map(bench, parent);
          UserCpu first = new UserCpu(parent, 0);
          first.store(va, Races.OLD);
          UserCpu second = new UserCpu(parent.fork(way), 1);
          return new MmScene.Acts(
              List.of(() -> first.store(va, Races.NEW), () -> second.store(va, Races.LATE)),
              () ->
                  Races.wrong(
                      first.load(va) != Races.NEW || second.load(va) != Races.LATE,
                      "one has what the other stored"));
        });
  }

  /** The child has what was there at one moment. */
  static Program storeAgainstFork(MmuVariant variant, ForkStrategy way) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va = Races.map(bench, parent);
          UserCpu cpu = new UserCpu(parent, 1);
          cpu.store(va, Races.OLD);
          AtomicReference<Optional<AddressSpace>> child = new AtomicReference<>(Optional.empty());
          AtomicBoolean late = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> child.set(Optional.of(parent.fork(way))),
                  () -> {
                    cpu.store(va, Races.NEW);
                    late.set(child.get().isPresent());
                    cpu.store(va, Races.LATE);
                    Races.require(
                        cpu.load(va) == Races.LATE, "the parent's own store is not there");
                  }),
              () -> {
                UserCpu its = new UserCpu(child.get().orElseThrow(), 0);
                byte had = its.load(va);
                its.store(va, Races.OLD);
                return Races.wrong(
                        late.get() && had == Races.LATE, "a store after the fork is in the child")
                    .or(
                        () ->
                            Races.wrong(
                                cpu.load(va) != Races.LATE, "the child's store is in the parent"));
              });
        });
  }

  /**
   * Two threads of one process: one writes to a table that is shared, the other reads through it,
   * and must never find it missing (R3.28).
   */
  static Program storeAgainstLoad(MmuVariant variant, ForkStrategy way) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long page = Races.pageBytes(bench);
          long va = parent.mmap(MmapRequest.anonymous(2 * page, VmaRights.READ_WRITE));
          UserCpu writer = new UserCpu(parent, 0);
          UserCpu reader = new UserCpu(parent, 1);
          writer.store(va, Races.OLD);
          writer.store(va + page, Races.OLD);
          AddressSpace child = parent.fork(way);
          return new MmScene.Acts(
              List.of(
                  () -> writer.store(va, Races.NEW),
                  () ->
                      Races.require(
                          reader.load(va + page) == Races.OLD,
                          "a page that nobody writes changed")),
              () ->
                  Races.wrong(
                      reader.load(va) != Races.NEW || new UserCpu(child, 0).load(va) != Races.OLD,
                      "the store is lost, or in the child"));
        });
  }

  /** The count may fall to 1 while the other is about to copy (R3.6). */
  static Program storeAgainstExit(MmuVariant variant, ForkStrategy way) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va = Races.map(bench, parent);
          UserCpu cpu = new UserCpu(parent, 0);
          cpu.store(va, Races.OLD);
          AddressSpace child = parent.fork(way);
          return new MmScene.Acts(
              List.of(() -> cpu.store(va, Races.NEW), child::close),
              () -> Races.wrong(cpu.load(va) != Races.NEW, "the store has been lost"));
        });
  }

  /** What both see leaves memory while one writes it. */
  static Program storeAgainstReclaim(MmuVariant variant, ForkStrategy way) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va = Races.map(bench, parent);
          UserCpu cpu = new UserCpu(parent, 0);
          cpu.store(va, Races.OLD);
          AddressSpace child = parent.fork(way);
          bench.system().reclaim(1);
          return new MmScene.Acts(
              List.of(() -> cpu.store(va, Races.NEW), () -> bench.system().reclaim(1)),
              () ->
                  Races.wrong(
                      cpu.load(va) != Races.NEW || new UserCpu(child, 1).load(va) != Races.OLD,
                      "the store is lost, or in the child"));
        });
  }
}
