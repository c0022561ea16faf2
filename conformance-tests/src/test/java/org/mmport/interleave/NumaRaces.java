package org.mmport.interleave;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.NumaHints;
import org.mmport.mm.UserCpu;
import org.mmport.spi.MmuVariant;

/** CPUs of two nodes use a page that gets a hint, has one, or is moved. */
final class NumaRaces {
  private NumaRaces() {}

  /** What is stored after the hint was given meets it, or one who came before took it away. */
  static Program storeAgainstHint(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace space = bench.system().create();
          long va = Races.map(bench, space);
          UserCpu cpu = new UserCpu(space, 0);
          cpu.store(va, Races.OLD);
          AtomicBoolean given = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> {
                    new NumaHints(space).change(va, Races.pageBytes(bench));
                    given.set(true);
                  },
                  () -> {
                    boolean late = given.get();
                    cpu.store(va, Races.NEW);
                    Races.require(
                        !late || bench.system().numa().hintFaults(0, 0) == 1,
                        "a store after the hint has not met it");
                  }),
              () -> Races.wrong(cpu.load(va) != Races.NEW, "a store has been lost"));
        });
  }

  /** The page goes to node 1, or is given back where it is; either way both stores are in it. */
  static Program twoMeetAHint(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace space = bench.system().create();
          long va = Races.map(bench, space);
          UserCpu near = new UserCpu(space, 0);
          UserCpu far = new UserCpu(space, 1);
          near.store(va, Races.OLD);
          new NumaHints(space).change(va, Races.pageBytes(bench));
          return new MmScene.Acts(
              List.of(() -> near.store(va + 1, Races.NEW), () -> far.store(va + 2, Races.LATE)),
              () ->
                  Races.wrong(
                      near.load(va) != Races.OLD
                          || far.load(va + 1) != Races.NEW
                          || near.load(va + 2) != Races.LATE,
                      "a store has been lost"));
        });
  }

  /** Who comes to have the page too has the one that was moved, or the one before. */
  static Program moveAgainstFork(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace space = bench.system().create();
          long va = Races.map(bench, space);
          UserCpu far = new UserCpu(space, 1);
          far.store(va, Races.OLD);
          new NumaHints(space).change(va, Races.pageBytes(bench));
          AddressSpace[] child = new AddressSpace[1];
          return new MmScene.Acts(
              List.of(() -> child[0] = space.fork(), () -> far.store(va + 1, Races.NEW)),
              () ->
                  new UserCpu(child[0], 0).load(va) == Races.OLD && far.load(va + 1) == Races.NEW
                      ? Optional.empty()
                      : Optional.of("a store has been lost"));
        });
  }
}
