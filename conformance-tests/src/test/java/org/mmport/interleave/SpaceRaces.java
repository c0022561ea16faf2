package org.mmport.interleave;

import static org.mmport.interleave.Races.pageBytes;
import static org.mmport.interleave.Races.wrong;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.Backing;
import org.mmport.mm.FilePages;
import org.mmport.mm.MemoryStorage;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.scenario.MmBench;
import org.mmport.spi.MmuVariant;

/** Two address spaces at once, each with its own lock: what they have in common must bear it. */
final class SpaceRaces {
  private SpaceRaces() {}

  /** Each makes a mapping, and the tables and the page in it, and takes all of it away. */
  static Program mapAndUnmap(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace first = bench.system().create();
          AddressSpace second = bench.system().create();
          return new MmScene.Acts(
              List.of(
                  () -> mapAndUnmap(bench, first, new UserCpu(first, 0)),
                  () -> mapAndUnmap(bench, second, new UserCpu(second, 1))),
              Optional::empty);
        });
  }

  private static void mapAndUnmap(MmBench bench, AddressSpace space, UserCpu cpu) {
    long va = Races.map(bench, space);
    cpu.store(va, Races.NEW);
    Races.require(cpu.load(va) == Races.NEW, "a store has been lost");
    space.munmap(va, pageBytes(bench));
  }

  /** What was there before in each, of one family, goes at once: mappings, entries and tables. */
  static Program twoMunmaps(MmuVariant variant) {
    return givingUp(variant, List.of());
  }

  /** The same where one has the page from the swap area, and the other its slot yet. */
  static Program twoMunmapsOfASlot(MmuVariant variant) {
    return givingUp(variant, List.of(1));
  }

  /** The same where both have it from there. */
  static Program twoMunmapsOfACachedPage(MmuVariant variant) {
    return givingUp(variant, List.of(0, 1));
  }

  /** Those who have the page from the swap area; empty where it did not go there. */
  private static Program givingUp(MmuVariant variant, List<Integer> readers) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va = Races.map(bench, parent);
          new UserCpu(parent, 0).store(va, Races.OLD);
          AddressSpace child = parent.fork();
          if (!readers.isEmpty()) {
            bench.system().reclaim(1);
          }
          readers.forEach(i -> new UserCpu(i == 0 ? parent : child, i).load(va));
          return new MmScene.Acts(
              List.of(
                  () -> parent.munmap(va, pageBytes(bench)),
                  () -> child.munmap(va, pageBytes(bench))),
              () ->
                  wrong(
                      bench.system().swapArea().orElseThrow().usedSlots() != 0,
                      "a slot of the swap area is used yet"));
        });
  }

  /**
   * While one unmaps the page of both, the other stores to it, which copies it or takes it over.
   */
  static Program munmapAgainstStoreOfOther(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va = Races.map(bench, parent);
          new UserCpu(parent, 0).store(va, Races.OLD);
          AddressSpace child = parent.fork();
          UserCpu cpu = new UserCpu(child, 1);
          return new MmScene.Acts(
              List.of(
                  () -> parent.munmap(va, pageBytes(bench)), () -> cpu.store(va + 1, Races.NEW)),
              () ->
                  wrong(
                      cpu.load(va) != Races.OLD || cpu.load(va + 1) != Races.NEW,
                      "a store has been lost"));
        });
  }

  /** One mapping comes as the last other of its family goes. */
  static Program mmapAgainstLastMunmap(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          AddressSpace child = parent.fork();
          long va = Races.map(bench, parent);
          UserCpu cpu = new UserCpu(child, 1);
          return new MmScene.Acts(
              List.of(
                  () -> parent.munmap(va, pageBytes(bench)),
                  () -> cpu.store(Races.map(bench, child), Races.NEW)),
              () -> {
                bench.system().reclaim(1);
                return wrong(
                    child.counters().swapEntries() != 1, "reclaim does not find the new mapping");
              });
        });
  }

  /** Reclaim walks from one to the other while both change. */
  static Program mapAgainstReclaim(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va = Races.map(bench, parent);
          new UserCpu(parent, 0).store(va, Races.OLD);
          AddressSpace child = parent.fork();
          bench.system().reclaim(1);
          return new MmScene.Acts(
              List.of(
                  () -> bench.system().reclaim(1),
                  () -> child.munmap(va, pageBytes(bench)),
                  () -> parent.dontNeed(va, pageBytes(bench))),
              () -> wrong(new UserCpu(parent, 0).load(va) != 0, "reads what was dropped"));
        });
  }

  private static long map(MmBench bench, AddressSpace space, FilePages file) {
    return space.mmap(
        new MmapRequest(
            OptionalLong.empty(),
            pageBytes(bench),
            VmaRights.READ_WRITE,
            true,
            Optional.of(new Backing.OfFile(file, 0))));
  }

  /** One mapping of a file comes as the last other goes; whoever cuts the file off must find it. */
  static Program mmapAgainstLastMunmapOfFile(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace first = bench.system().create();
          AddressSpace second = bench.system().create();
          FilePages file = bench.system().createFile(new MemoryStorage(), 1);
          long va = map(bench, first, file);
          new UserCpu(first, 0).store(va, Races.OLD);
          UserCpu cpu = new UserCpu(second, 1);
          return new MmScene.Acts(
              List.of(
                  () -> first.munmap(va, pageBytes(bench)),
                  () -> Races.require(cpu.load(map(bench, second, file)) == Races.OLD, "reads 0")),
              () -> {
                bench.system().truncate(file, 0);
                return wrong(
                    second.counters().filePages() != 0, "truncation misses the new mapping");
              });
        });
  }

  /** Memory without a name goes with the last of its mappings, once, whoever has it. */
  static Program munmapsOfSharedMemory(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va =
              parent.mmap(
                  new MmapRequest(
                      OptionalLong.empty(),
                      pageBytes(bench),
                      VmaRights.READ_WRITE,
                      true,
                      Optional.empty()));
          new UserCpu(parent, 0).store(va, Races.OLD);
          AddressSpace child = parent.fork();
          new UserCpu(child, 1).store(va, Races.NEW);
          return new MmScene.Acts(
              List.of(
                  () -> parent.munmap(va, pageBytes(bench)),
                  () -> child.munmap(va, pageBytes(bench))),
              Optional::empty);
        });
  }
}
