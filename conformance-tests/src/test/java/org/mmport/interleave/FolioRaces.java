package org.mmport.interleave;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.mmport.fork.ForkStrategies;
import org.mmport.machine.Folios;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.PhysicalMemory;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.scenario.MmBench;
import org.mmport.spi.MmuVariant;

/** User code on one CPU while the kernel does something to its large folio on another. */
final class FolioRaces {
  private static final byte OLD = 1;
  private static final byte NEW = 2;
  private static final byte LATE = 3;
  private static final int ORDER = 2;

  private FolioRaces() {}

  /** Four pages in one folio, and the address of the third. */
  private record Folio(AddressSpace space, long va, long pageBytes) {
    static Folio of(MmBench bench) {
      bench.system().useFolios(List.of(ORDER));
      long pageBytes = Races.pageBytes(bench);
      long bytes = pageBytes << ORDER;
      AddressSpace space = bench.system().create();
      space.mmap(MmapRequest.anonymous(bytes, VmaRights.READ_WRITE).at(16 * bytes));
      return new Folio(space, 16 * bytes + 2 * pageBytes, pageBytes);
    }

    UserCpu storing() {
      UserCpu cpu = new UserCpu(space, 1);
      cpu.store(va, OLD);
      return cpu;
    }
  }

  /** The child has what was there at one moment, in the midst of a batch too. */
  static Program storeAgainstBatchedFork(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          Folio folio = Folio.of(bench);
          UserCpu cpu = folio.storing();
          AtomicReference<Optional<AddressSpace>> child = new AtomicReference<>(Optional.empty());
          AtomicBoolean late = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> child.set(Optional.of(folio.space.fork(ForkStrategies.named("batched")))),
                  () -> {
                    cpu.store(folio.va, NEW);
                    late.set(child.get().isPresent());
                    cpu.store(folio.va, LATE);
                    Races.require(cpu.load(folio.va) == LATE, "its own store is not there");
                  }),
              () -> {
                UserCpu its = new UserCpu(child.get().orElseThrow(), 0);
                byte had = its.load(folio.va);
                its.store(folio.va, OLD);
                return Races.wrong(
                        late.get() && had == LATE, "a store after the fork is in the child")
                    .or(
                        () ->
                            Races.wrong(
                                cpu.load(folio.va) != LATE, "the child's store is in the parent"));
              });
        });
  }

  /** Parent and child write pages of one folio while the child gives it up. */
  static Program storeAgainstExit(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          Folio folio = Folio.of(bench);
          UserCpu cpu = folio.storing();
          AddressSpace child = folio.space.fork(ForkStrategies.named("batched"));
          return new MmScene.Acts(
              List.of(
                  child::close,
                  () -> {
                    cpu.store(folio.va, NEW);
                    cpu.store(folio.va + folio.pageBytes, NEW);
                  }),
              () ->
                  Races.wrong(
                      cpu.load(folio.va) != NEW || cpu.load(folio.va + folio.pageBytes) != NEW,
                      "a store has been lost"));
        });
  }

  /** What nobody maps is freed by a split while the rest is written. */
  static Program storeAgainstSplit(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          Folio folio = Folio.of(bench);
          UserCpu cpu = folio.storing();
          folio.space.munmap(folio.va - 2 * folio.pageBytes, folio.pageBytes);
          return new MmScene.Acts(
              List.of(
                  () -> bench.system().reclaim(1),
                  () -> {
                    cpu.store(folio.va, NEW);
                    Races.require(cpu.load(folio.va) == NEW, "its own store is not there");
                    cpu.store(folio.va + 1, LATE);
                  }),
              () ->
                  Races.wrong(
                      cpu.load(folio.va) != NEW || cpu.load(folio.va + 1) != LATE,
                      "a store has been lost"));
        });
  }

  /** The folio goes to swap, page by page, while one is written. */
  static Program storeAgainstReclaim(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          Folio folio = Folio.of(bench);
          UserCpu cpu = folio.storing();
          return new MmScene.Acts(
              List.of(
                  () -> bench.system().reclaim(2),
                  () -> {
                    cpu.store(folio.va, NEW);
                    cpu.store(folio.va + folio.pageBytes, LATE);
                  }),
              () ->
                  Races.wrong(
                      cpu.load(folio.va) != NEW || cpu.load(folio.va + folio.pageBytes) != LATE,
                      "a store has been lost"));
        });
  }

  private record Small(PhysicalMemory memory, List<Runnable> threads) implements Program.Scene {
    @Override
    public Optional<String> verdict() {
      return Optional.empty();
    }

    @Override
    public void close() {
      memory.close();
    }
  }

  /** A child takes four pages of a folio while another gives two up (R4.5). */
  static Program dup(PageRaces.Order order) {
    return steps -> {
      PhysicalMemory memory = PhysicalMemory.ofSize(64L << 20, steps);
      Folios folios = new Folios(FrameAllocator.singleNode(memory, 12));
      int pages = 1 << ORDER;
      long head = folios.alloc(ORDER, 0);
      folios.ref(head, 2 * pages - 1);
      folios.mapPages(head, pages);
      folios.mapPages(head, pages);
      return new Small(
          memory,
          List.of(
              () -> {
                if (order == PageRaces.Order.REFERENCE_FIRST) {
                  folios.ref(head, pages);
                }
                folios.mapPages(head, pages);
                if (order == PageRaces.Order.MAPCOUNT_FIRST) {
                  folios.ref(head, pages);
                }
              },
              () -> {
                folios.unmapPages(head + 1, 2);
                folios.unref(head, 2);
              }));
    };
  }
}
