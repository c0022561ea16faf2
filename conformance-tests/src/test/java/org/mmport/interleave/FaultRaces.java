package org.mmport.interleave;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.mmport.cpu.Access;
import org.mmport.mm.AddressSpace;
import org.mmport.mm.ForkStrategy;
import org.mmport.mm.MmapRequest;
import org.mmport.mm.UserCpu;
import org.mmport.mm.VmaRights;
import org.mmport.scenario.MmBench;
import org.mmport.spi.InvalidRequestException;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;

/** Faults on memory that has nothing yet, beside other faults and beside what changes mappings. */
final class FaultRaces {
  private static final int PAGES = 4;

  private FaultRaces() {}

  private static long map(MmBench bench, AddressSpace space, int pages) {
    return space.mmap(
        MmapRequest.anonymous(pages * Races.pageBytes(bench), VmaRights.READ_WRITE)
            .at(Races.pageBytes(bench) << 12));
  }

  /** Nothing is there, not even a table: one comes to be, and both pages in it. */
  static Program twoPagesOfNoTable(MmuVariant variant) {
    return twoPages(variant, 0, false);
  }

  /** There is a table, and each fault maps a page of its own in it. */
  static Program twoPagesOfOneTable(MmuVariant variant) {
    return twoPages(variant, 0, true);
  }

  /** One large folio is for both, whoever comes first. */
  static Program twoPagesOfOneFolio(MmuVariant variant) {
    return twoPages(variant, 2, true);
  }

  /** The same where the folio is cached as one translation (R4.18). */
  static Program twoPagesOfOneRun(MmuVariant variant) {
    int run = variant.batchOps().runEntries(Level.PTE);
    return twoPages(variant, Integer.numberOfTrailingZeros(run), true);
  }

  private static Program twoPages(MmuVariant variant, int order, boolean table) {
    return MmScene.of(
        variant,
        bench -> {
          if (order > 0) {
            bench.system().useFolios(List.of(order));
          }
          AddressSpace space = bench.system().create();
          long page = Races.pageBytes(bench);
          int pages = Math.max(PAGES, 1 << order);
          long va = map(bench, space, 2 * pages);
          UserCpu first = new UserCpu(space, 0);
          UserCpu second = new UserCpu(space, 1);
          if (table) {
            first.store(va + pages * page, Races.OLD);
          }
          return new MmScene.Acts(
              List.of(() -> first.store(va, Races.NEW), () -> second.store(va + page, Races.LATE)),
              () ->
                  Races.wrong(
                      first.load(va) != Races.NEW || first.load(va + page) != Races.LATE,
                      "a store has been lost"));
        });
  }

  /** Both find a page that is known to be this process's own, and that may be written again. */
  static Program twoReuses(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace space = bench.system().create();
          long va = map(bench, space, 1);
          UserCpu first = new UserCpu(space, 0);
          UserCpu second = new UserCpu(space, 1);
          first.store(va, Races.OLD);
          space.mprotect(va, Races.pageBytes(bench), VmaRights.READ);
          space.mprotect(va, Races.pageBytes(bench), VmaRights.READ_WRITE);
          return new MmScene.Acts(
              List.of(() -> first.store(va, Races.NEW), () -> second.store(va + 1, Races.LATE)),
              () ->
                  Races.wrong(
                      first.load(va) != Races.NEW || second.load(va + 1) != Races.LATE,
                      "a store has been lost"));
        });
  }

  /** Both find a page that a child has too, and one of them copies it. */
  static Program twoCopies(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va = map(bench, parent, 1);
          UserCpu first = new UserCpu(parent, 0);
          UserCpu second = new UserCpu(parent, 1);
          first.store(va, Races.OLD);
          AddressSpace child = parent.fork();
          return new MmScene.Acts(
              List.of(() -> first.store(va + 1, Races.NEW), () -> second.store(va + 2, Races.LATE)),
              () ->
                  Races.wrong(
                      first.load(va + 1) != Races.NEW
                          || first.load(va + 2) != Races.LATE
                          || new UserCpu(child, 0).load(va + 1) != 0,
                      "a store has been lost, or is in the child"));
        });
  }

  /** What a fault found to copy is gone, table and all, before it has the lock alone. */
  static Program copyAgainstMunmap(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va = map(bench, parent, 1);
          UserCpu cpu = new UserCpu(parent, 1);
          cpu.store(va, Races.OLD);
          AddressSpace child = parent.fork();
          return new MmScene.Acts(
              List.of(
                  () -> parent.munmap(va, Races.pageBytes(bench)),
                  () -> Races.tried(() -> cpu.store(va, Races.NEW))),
              () ->
                  Races.wrong(
                      new UserCpu(child, 0).load(va) != Races.OLD, "the child's page changed"));
        });
  }

  private interface Change {
    void of(AddressSpace space, long va, long pageBytes);
  }

  static Program againstMunmap(MmuVariant variant) {
    return against(variant, AddressSpace::munmap, "stores to what is unmapped");
  }

  static Program againstMprotect(MmuVariant variant) {
    return against(
        variant,
        (space, va, page) -> space.mprotect(va, page, VmaRights.READ),
        "stores to what is read-only");
  }

  /** The first store is to a page that is not there, beside the change; the last comes after it. */
  private static Program against(MmuVariant variant, Change change, String refused) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace space = bench.system().create();
          long page = Races.pageBytes(bench);
          long va = map(bench, space, 2);
          UserCpu cpu = new UserCpu(space, 1);
          AtomicBoolean done = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> {
                    change.of(space, va, page);
                    done.set(true);
                  },
                  () -> {
                    Races.tried(() -> cpu.store(va, Races.NEW));
                    boolean late = done.get();
                    Races.require(!Races.tried(() -> cpu.store(va, Races.LATE)) || !late, refused);
                    cpu.store(va + page, Races.NEW);
                  }),
              () -> Races.wrong(cpu.load(va + page) != Races.NEW, "a store has been lost"));
        });
  }

  /** The child has the page or zeros, and what the parent stores after is its own. */
  static Program againstFork(MmuVariant variant, ForkStrategy way) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace parent = bench.system().create();
          long va = map(bench, parent, 1);
          UserCpu cpu = new UserCpu(parent, 1);
          AtomicReference<Optional<AddressSpace>> child = new AtomicReference<>(Optional.empty());
          AtomicBoolean late = new AtomicBoolean();
          return new MmScene.Acts(
              List.of(
                  () -> child.set(Optional.of(parent.fork(way))),
                  () -> {
                    cpu.store(va, Races.NEW);
                    late.set(child.get().isPresent());
                    cpu.store(va, Races.LATE);
                  }),
              () -> {
                byte had = new UserCpu(child.get().orElseThrow(), 0).load(va);
                return Races.wrong(
                        late.get() && had == Races.LATE, "a store after the fork is in the child")
                    .or(
                        () ->
                            Races.wrong(
                                cpu.load(va) != Races.LATE, "the parent's store has been lost"));
              });
        });
  }

  /** A fault that comes too late is refused, and leaves nothing behind. */
  static Program againstExit(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace space = bench.system().create();
          long page = Races.pageBytes(bench);
          long va = map(bench, space, 2);
          return new MmScene.Acts(
              List.of(
                  space::close,
                  () -> {
                    try {
                      space.fault(va, Access.USER_WRITE);
                      space.fault(va + page, Access.USER_READ);
                    } catch (InvalidRequestException e) {
                      Races.require(
                          String.valueOf(e.getMessage()).contains("has ended"),
                          "refused for another reason");
                    }
                  }),
              Optional::empty);
        });
  }

  /** A page goes to swap while another of its table comes to be, and it comes back. */
  static Program againstReclaim(MmuVariant variant) {
    return MmScene.of(
        variant,
        bench -> {
          AddressSpace space = bench.system().create();
          long page = Races.pageBytes(bench);
          long va = map(bench, space, 2);
          UserCpu cpu = new UserCpu(space, 1);
          cpu.store(va, Races.OLD);
          bench.system().reclaim(1);
          return new MmScene.Acts(
              List.of(
                  () -> bench.system().reclaim(1),
                  () -> {
                    cpu.store(va + page, Races.NEW);
                    cpu.store(va + 1, Races.LATE);
                  }),
              () ->
                  Races.wrong(
                      cpu.load(va) != Races.OLD
                          || cpu.load(va + 1) != Races.LATE
                          || cpu.load(va + page) != Races.NEW,
                      "a store has been lost"));
        });
  }
}
