package org.mmport.interleave;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.scenario.MmBench;
import org.mmport.spi.MmuVariant;

/** Forks in each way, and what parents and children do at the same time. */
final class ForkRaces {
  private ForkRaces() {}

  /**
   * A process that runs on CPU 0 and has written two pages, of which the first is at an address.
   */
  private record Family(MmBench bench, AddressSpace parent, UserCpu cpu, long va) {
    static Family on(MmBench bench) {
      AddressSpace parent = bench.system().create();
      long page = Races.pageBytes(bench);
      long va = parent.mmap(MmapRequest.anonymous(2 * page, VmaRights.READ_WRITE));
      UserCpu cpu = new UserCpu(parent, 0);
      cpu.store(va, Races.OLD);
      cpu.store(va + page, Races.OLD);
      return new Family(bench, parent, cpu, va);
    }

    long secondVa() {
      return va + Races.pageBytes(bench);
    }
  }

  private static Program of(MmuVariant variant, Function<Family, MmScene.Acts> acts) {
    return MmScene.of(variant, bench -> acts.apply(Family.on(bench)));
  }

  /** After a fork both write the page that they share. */
  static Program parentAgainstChild(MmuVariant variant, ForkStrategy way) {
    return of(
        variant,
        family -> {
          long va = family.va;
          UserCpu child = new UserCpu(family.parent.fork(way), 1);
          return new MmScene.Acts(
              List.of(() -> family.cpu.store(va, Races.NEW), () -> child.store(va, Races.LATE)),
              () ->
                  Races.wrong(
                      family.cpu.load(va) != Races.NEW || child.load(va) != Races.LATE,
                      "one has what the other stored"));
        });
  }

  /** The child has what was there at one moment. */
  static Program storeAgainstFork(MmuVariant variant, ForkStrategy way) {
    return of(
        variant,
        family -> {
          long va = family.va;
          AtomicReference<Optional<AddressSpace>> child = new AtomicReference<>(Optional.empty());
          AtomicBoolean late = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> child.set(Optional.of(family.parent.fork(way))),
                  () -> {
                    family.cpu.store(va, Races.NEW);
                    late.set(child.get().isPresent());
                    family.cpu.store(va, Races.LATE);
                    Races.require(
                        family.cpu.load(va) == Races.LATE, "the parent's own store is not there");
                  }),
              () -> {
                UserCpu its = new UserCpu(child.get().orElseThrow(), 1);
                byte had = its.load(va);
                its.store(va, Races.OLD);
                return Races.wrong(
                        late.get() && had == Races.LATE, "a store after the fork is in the child")
                    .or(
                        () ->
                            Races.wrong(
                                family.cpu.load(va) != Races.LATE,
                                "the child's store is in the parent"));
              });
        });
  }

  /**
   * Two threads of one process: one writes to a table that is shared, the other reads through it,
   * and must never find it missing (R3.28).
   */
  static Program storeAgainstLoad(MmuVariant variant, ForkStrategy way) {
    return of(
        variant,
        family -> {
          UserCpu reader = new UserCpu(family.parent, 1);
          AddressSpace child = family.parent.fork(way);
          return new MmScene.Acts(
              List.of(
                  () -> family.cpu.store(family.va, Races.NEW),
                  () ->
                      Races.require(
                          reader.load(family.secondVa()) == Races.OLD,
                          "a page that nobody writes changed")),
              () -> parentsAlone(family, child));
        });
  }

  /** The count may fall to 1 while the other is about to copy (R3.6). */
  static Program storeAgainstExit(MmuVariant variant, ForkStrategy way) {
    return of(
        variant,
        family -> {
          AddressSpace child = family.parent.fork(way);
          return new MmScene.Acts(
              List.of(() -> family.cpu.store(family.va, Races.NEW), child::close),
              () ->
                  Races.wrong(family.cpu.load(family.va) != Races.NEW, "the store has been lost"));
        });
  }

  /** What both see leaves memory while one writes it. */
  static Program storeAgainstReclaim(MmuVariant variant, ForkStrategy way) {
    return of(
        variant,
        family -> {
          AddressSpace child = family.parent.fork(way);
          family.bench.system().reclaim(2);
          return new MmScene.Acts(
              List.of(
                  () -> family.cpu.store(family.va, Races.NEW),
                  () -> family.bench.system().reclaim(2)),
              () -> parentsAlone(family, child));
        });
  }

  private static Optional<String> parentsAlone(Family family, AddressSpace child) {
    return Races.wrong(
        family.cpu.load(family.va) != Races.NEW
            || new UserCpu(child, 1).load(family.va) != Races.OLD,
        "the store is lost, or in the child");
  }

  /** A page of shared memory that is not there yet, which both write, in one table (R3.10). */
  static Program storesOfSharedMemory(MmuVariant variant, ForkStrategy way) {
    return of(
        variant,
        family -> {
          long page = Races.pageBytes(family.bench);
          long va =
              family.parent.mmap(
                  new MmapRequest(
                      OptionalLong.of(family.va - page),
                      page,
                      VmaRights.READ_WRITE,
                      true,
                      Optional.empty()));
          UserCpu child = new UserCpu(family.parent.fork(way), 1);
          return new MmScene.Acts(
              List.of(() -> family.cpu.store(va, Races.NEW), () -> child.store(va + 1, Races.LATE)),
              () ->
                  Races.wrong(
                      family.cpu.load(va + 1) != Races.LATE || child.load(va) != Races.NEW,
                      "one does not see what the other stored"));
        });
  }
}
