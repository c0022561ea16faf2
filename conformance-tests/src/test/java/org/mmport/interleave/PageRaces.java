package org.mmport.interleave;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.mmport.cpu.Access;
import org.mmport.cpu.Cpu;
import org.mmport.cpu.CpuSet;
import org.mmport.cpu.MmContext;
import org.mmport.machine.Folios;
import org.mmport.machine.FrameAllocator;
import org.mmport.machine.LockRank;
import org.mmport.machine.PageFlag;
import org.mmport.machine.PhysicalMemory;
import org.mmport.machine.SteppedLock;
import org.mmport.machine.Steps;
import org.mmport.pgtable.MmuGather;
import org.mmport.pgtable.PageTable;
import org.mmport.pgtable.TableSpace;
import org.mmport.spi.Level;
import org.mmport.spi.MmuVariant;
import org.mmport.spi.Protection;
import org.mmport.spi.TableOwner;

/** Single things of the core that are right in one order only, in either. */
final class PageRaces {
  private static final long VA = 0x40003000L;
  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

  private PageRaces() {}

  /** What comes first. */
  enum Order {
    LOW_FIRST,
    HIGH_FIRST,
    FREE_FIRST,
    FLUSH_FIRST,
    MAPCOUNT_FIRST,
    REFERENCE_FIRST,
    DIRTY_FIRST,
    NODE_FIRST,
    FILE_FIRST
  }

  /** Memory, and threads that have it. */
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

  /** Page tables and two CPUs that have them loaded. */
  private record Tables(Folios folios, PageTable table, CpuSet cpus, MmContext context) {
    static Tables of(MmuVariant variant, PhysicalMemory memory) {
      FrameAllocator frames = FrameAllocator.singleNode(memory, variant.geometry().pageShift());
      PageTable table = PageTable.create(new TableSpace(variant, frames, 0), TableOwner.USER);
      Tables tables =
          new Tables(
              new Folios(frames), table, new CpuSet(variant, frames, 2), MmContext.of(1, table));
      tables.cpus.cpu(0).load(tables.context);
      tables.cpus.cpu(1).load(tables.context);
      return tables;
    }

    void change(Consumer<MmuGather> change) {
      try (MmuGather gather = table.gather(cpus.flusher(context))) {
        change.accept(gather);
        gather.flush();
      }
    }
  }

  private static Program of(Function<PhysicalMemory, List<Runnable>> threads) {
    return steps -> {
      PhysicalMemory memory = PhysicalMemory.ofSize(64L << 20, steps);
      return new Small(memory, threads.apply(memory));
    };
  }

  // Entries in halves.

  private static final long PHYS_ADDR = 5L << 32 | 0x1000;

  static Program mapInHalves(Order order) {
    MmuVariant variant = Races.variant("x86/pae");
    return of(
        memory -> {
          Tables tables = withNeighbour(variant, memory);
          long raw =
              variant
                  .format()
                  .mkLeaf(PHYS_ADDR, variant.format().pgprot(Protection.PAGE_READONLY), Level.PTE);
          MemorySegment entry =
              memory.slice(tables.table.walker().walk(VA).steps().getLast().entryAddr(), 8);
          Runnable store =
              () -> {
                boolean highFirst = order == Order.HIGH_FIRST;
                storeHalf(memory.steps(), entry, highFirst ? 4 : 0, raw);
                storeHalf(memory.steps(), entry, highFirst ? 0 : 4, raw);
              };
          return List.of(store, () -> reads(tables, PHYS_ADDR));
        });
  }

  private static void storeHalf(Steps steps, MemorySegment entry, long offset, long raw) {
    steps.entry(Steps.Kind.STORE, entry.address());
    INT.setRelease(entry, offset, (int) (offset == 0 ? raw : raw >>> 32));
  }

  static Program mapByTheCore() {
    return of(
        memory -> {
          Tables tables = withNeighbour(Races.variant("x86/pae"), memory);
          return List.of(
              () ->
                  tables.change(
                      gather ->
                          tables.table.map(
                              VA, PHYS_ADDR, 0x1000, Protection.PAGE_READONLY, gather)),
              () -> reads(tables, PHYS_ADDR));
        });
  }

  /**
   * A page in the place of another with the same low half, and no flush between: a walker that
   * loaded the halves one by one could take the high one in between for theirs.
   */
  static Program remapInHalves() {
    return of(
        memory -> {
          Tables tables = withNeighbour(Races.variant("x86/pae"), memory);
          long other = PHYS_ADDR + (1L << 32);
          tables.change(
              gather -> tables.table.map(VA, other, 0x1000, Protection.PAGE_READONLY, gather));
          return List.of(
              () ->
                  tables.change(
                      gather -> {
                        tables.table.unmap(VA, 0x1000, gather);
                        tables.table.map(VA, PHYS_ADDR, 0x1000, Protection.PAGE_READONLY, gather);
                      }),
              () -> reads(tables, other));
        });
  }

  /** So that there is a table. */
  private static Tables withNeighbour(MmuVariant variant, PhysicalMemory memory) {
    Tables tables = Tables.of(variant, memory);
    tables.change(
        gather -> tables.table.map(VA + 0x1000, 0, 0x1000, Protection.PAGE_READONLY, gather));
    return tables;
  }

  private static void reads(Tables tables, long before) {
    long found = tables.cpus.cpu(1).translate(VA, Access.USER_READ);
    if (found >= 0 && found != PHYS_ADDR && found != before) {
      throw new IllegalStateException("goes to 0x%x, not 0x%x".formatted(found, PHYS_ADDR));
    }
  }

  // Pages and what points at them.

  static Program unmap(MmuVariant variant, Order order) {
    return of(
        memory -> {
          Tables tables = Tables.of(variant, memory);
          long pfn = tables.folios.alloc(0, 0);
          tables.change(
              gather ->
                  tables.table.map(
                      VA, tables.folios.physAddr(pfn), 0x1000, Protection.PAGE_SHARED, gather));
          Cpu cpu = tables.cpus.cpu(1);
          return List.of(
              () ->
                  tables.change(
                      gather -> {
                        tables.table.unmap(VA, 0x1000, gather);
                        if (order == Order.FLUSH_FIRST) {
                          gather.flush();
                        }
                        tables.folios.unref(pfn, 1);
                      }),
              () -> {
                cpu.translate(VA, Access.USER_READ);
                cpu.translate(VA, Access.USER_WRITE);
              });
        });
  }

  /** A child comes to have a page of the cache, which gives it up. */
  static Program dup(Order order) {
    return of(
        memory -> {
          Folios folios = new Folios(FrameAllocator.singleNode(memory, 12));
          long pfn = folios.alloc(0, 0);
          folios.ref(pfn, 1);
          folios.addMapCount(pfn, 1);
          return List.of(
              () -> {
                if (order == Order.REFERENCE_FIRST) {
                  folios.ref(pfn, 1);
                }
                folios.addMapCount(pfn, 1);
                if (order == Order.MAPCOUNT_FIRST) {
                  folios.ref(pfn, 1);
                }
              },
              () -> folios.unref(pfn, 1));
        });
  }

  /** A mapping goes that leaves the page dirty, and a cache would drop it if it were clean. */
  static Program drop(Order order) {
    return of(
        memory -> {
          Folios folios = new Folios(FrameAllocator.singleNode(memory, 12));
          long pfn = folios.alloc(0, 0);
          folios.ref(pfn, 1);
          AtomicBoolean dirty = new AtomicBoolean();
          return List.of(
              () -> {
                dirty.set(true);
                folios.set(pfn, PageFlag.DIRTY);
                folios.unref(pfn, 1);
              },
              () -> {
                boolean clean = order == Order.DIRTY_FIRST && !folios.is(pfn, PageFlag.DIRTY);
                if (folios.refCount(pfn) == 1
                    && (clean || !folios.is(pfn, PageFlag.DIRTY))
                    && dirty.get()) {
                  throw new IllegalStateException("a page is dropped while it is dirty");
                }
              });
        });
  }

  // Locks.

  static Program locks(Order order) {
    return of(
        memory -> {
          ReentrantLock file = SteppedLock.of(memory.steps(), LockRank.FILE, 1);
          ReentrantLock node = SteppedLock.of(memory.steps(), LockRank.NODE, 0);
          boolean swapped = order == Order.NODE_FIRST;
          return List.of(
              () -> both(file, node), () -> both(swapped ? node : file, swapped ? file : node));
        });
  }

  static void both(ReentrantLock first, ReentrantLock second) {
    first.lock();
    try {
      second.lock();
      try {
        requireHeld(second);
      } finally {
        second.unlock();
      }
    } finally {
      first.unlock();
    }
  }

  private static void requireHeld(ReentrantLock lock) {
    if (!lock.isHeldByCurrentThread()) {
      throw new IllegalStateException("a lock that was taken is not held");
    }
  }
}
