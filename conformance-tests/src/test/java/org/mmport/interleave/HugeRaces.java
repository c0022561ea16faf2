package org.mmport.interleave;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.HugePagePolicy;
import org.mmport.mm.HugePages;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.scenario.Simulation;
import org.mmport.spi.MmuVariant;

/** A CPU writes to a page while it comes to be mapped by a huge leaf, or no longer is. */
final class HugeRaces {
  private HugeRaces() {}

  /** A page that CPU 1 of a process has written, in a range that one leaf could map. */
  private record Written(AddressSpace space, UserCpu cpu, long va, long hugeBytes) {}

  private static Program written(
      MmuVariant variant, HugePagePolicy policy, BiFunction<Written, Long, MmScene.Acts> acts) {
    return MmScene.of(
        variant,
        bench -> {
          bench.system().useHugePages(policy);
          long bytes = bench.system().hugePageBytes().orElseThrow();
          long va = Simulation.beforeBoundary(variant.geometry(), 0);
          AddressSpace space = bench.system().create();
          space.mmap(MmapRequest.anonymous(bytes, VmaRights.READ_WRITE).at(va));
          UserCpu cpu = new UserCpu(space, 1);
          cpu.store(va, Races.OLD);
          return acts.apply(new Written(space, cpu, va, bytes), variant.geometry().pageBytes());
        });
  }

  /** What is stored is in the page that was copied, or in the copy; it is never lost. */
  static Program storeAgainstCollapse(MmuVariant variant) {
    return written(
        variant,
        HugePagePolicy.NEVER,
        (at, page) ->
            new MmScene.Acts(
                List.of(
                    () -> storeAndLoad(at),
                    () ->
                        Races.require(
                            new HugePages(at.space()).collapse(at.va()).isHuge(),
                            "nothing is in the way of a collapse")),
                () -> Races.wrong(at.cpu().load(at.va()) != Races.NEW, "the store is lost")));
  }

  private static void storeAndLoad(Written at) {
    at.cpu().store(at.va(), Races.NEW);
    Races.require(at.cpu().load(at.va()) == Races.NEW, "one's own store is not there");
  }

  /** Entries take a leaf's place while it is written through. */
  static Program storeAgainstSplit(MmuVariant variant) {
    return written(
        variant,
        HugePagePolicy.ALWAYS,
        (at, page) ->
            new MmScene.Acts(
                List.of(
                    () -> storeAndLoad(at),
                    () -> at.space().munmap(at.va() + at.hugeBytes() - page, page)),
                () -> Races.wrong(at.cpu().load(at.va()) != Races.NEW, "the store is lost")));
  }

  /** The child has what was there at one moment. */
  static Program storeAgainstFork(MmuVariant variant) {
    return written(
        variant,
        HugePagePolicy.ALWAYS,
        (at, page) -> {
          AtomicReference<Optional<AddressSpace>> child = new AtomicReference<>(Optional.empty());
          AtomicBoolean late = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> child.set(Optional.of(at.space().fork())),
                  () -> {
                    at.cpu().store(at.va(), Races.NEW);
                    late.set(child.get().isPresent());
                    at.cpu().store(at.va(), Races.LATE);
                  }),
              () -> {
                byte had = new UserCpu(child.get().orElseThrow(), 0).load(at.va());
                return Races.wrong(
                    late.get() && had == Races.LATE, "a store after the fork is in the child");
              });
        });
  }
}
